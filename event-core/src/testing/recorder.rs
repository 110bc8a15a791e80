//! Records tracked events, for tests.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::dispatch::blocking::Deferred;
use crate::dispatch::host::App;
use crate::dispatch::pending::Pending;
use crate::dispatch::recording::Recording;
use crate::event::event_type::Event;
use crate::event::foreign;
use crate::event::tracked::{AnyTracked, TrackedOf};

/// Keeps every event that an app tracks from the time that [`App::recorder`](crate::App::recorder) is called first.
///
/// An event counts as tracked when its caller got a receipt; one that was refused isn't here. Each app has a recorder
/// of its own, so tests that run in parallel don't see each other's events.
///
/// ```
/// use event_core::prelude::*;
///
/// #[derive(Event)]
/// struct BanUser {
///     user: String,
/// }
///
/// let app = App::builder().without_linked().event::<BanUser>().start().wait()?;
/// let recorder = app.recorder();
/// app.track(BanUser { user: "mallory".into() }).by(Actor::new("root")).wait()?;
///
/// assert_eq!(recorder.count("ban-user"), 1);
/// assert_eq!(recorder.events::<BanUser>()[0].user, "mallory");
/// assert_eq!(recorder.last().unwrap().actor().unwrap().id(), Some("root"));
/// # Ok::<_, event_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Recording>);

impl App {
    /// Records what is tracked from now on, for tests. Every call gives the same recorder.
    pub fn recorder(&self) -> Recorder {
        let kept = self.inner.recorder.get_or_init(Arc::default).clone();
        self.inner.is_tested.store(true, Ordering::Release);
        Recorder::new(kept)
    }
}

impl Recorder {
    pub(crate) fn new(kept: Arc<Recording>) -> Self {
        Self(kept)
    }

    /// All events so far, in the order in which their calls ended.
    pub fn all(&self) -> Vec<Arc<dyn AnyTracked>> {
        self.0.events().clone()
    }

    /// The events of type `E`, each with its envelope.
    pub fn events<E: Event>(&self) -> Vec<Arc<TrackedOf<E>>> {
        self.all().into_iter().filter_map(typed).collect()
    }

    /// The last event, of whatever type.
    pub fn last(&self) -> Option<Arc<dyn AnyTracked>> {
        self.all().pop()
    }

    /// How many events of this name there were.
    pub fn count(&self, name: &str) -> usize {
        self.all().iter().filter(|event| event.name() == name).count()
    }

    /// Forgets the events so far.
    pub fn clear(&self) {
        // Taken out first: dropping an event runs foreign code, which must not run under the lock.
        let events = std::mem::take(&mut *self.0.events());
        events.into_iter().for_each(foreign::discard);
    }

    /// The first event of type `E`, as soon as there is one; `.await` it, or `.wait()`.
    ///
    /// Without a time limit: if the event may not come, put your runtime's timeout around it.
    ///
    /// # Errors
    /// Only for `.wait()` inside an implementation: [`Error::WouldBlock`](crate::Error::WouldBlock) if there is none
    /// yet.
    pub fn wait_for<E: Event>(&self) -> Deferred<'_, Arc<TrackedOf<E>>> {
        let first = || self.0.events().iter().cloned().find_map(typed);
        Deferred::new(async move { Ok(self.0.waiting.until(first, || Pending::NoSuchEvent).await) })
    }

    /// Asserts that an event of type `E` was tracked for which `is_it` is true, and returns it.
    ///
    /// # Panics
    /// If there is none; the message shows what was tracked instead.
    #[track_caller]
    pub fn assert_tracked<E: Event>(&self, is_it: impl Fn(&TrackedOf<E>) -> bool) -> Arc<TrackedOf<E>> {
        match self.events::<E>().into_iter().find(|event| is_it(event)) {
            Some(event) => event,
            None => panic!("no such `{}` was tracked; {}", std::any::type_name::<E>(), self.tracked()),
        }
    }

    /// Asserts that no event of type `E` was tracked.
    ///
    /// # Panics
    /// If there is one; the message shows what was tracked.
    #[track_caller]
    pub fn assert_not_tracked<E: Event>(&self) {
        let there = self.events::<E>().is_empty();
        assert!(there, "a `{}` was tracked; {}", std::any::type_name::<E>(), self.tracked());
    }

    /// The tracked events, one on each line.
    fn tracked(&self) -> String {
        let all = self.all();
        if all.is_empty() {
            return "nothing was tracked".to_owned();
        }
        let line = |event: &Arc<dyn AnyTracked>| match event.properties_json() {
            Ok(properties) => format!("\n  {} {properties}", event.name()),
            Err(error) => format!("\n  {} ({error})", event.name()),
        };
        format!("tracked were:{}", all.iter().map(line).collect::<String>())
    }
}

fn typed<E: Event>(event: Arc<dyn AnyTracked>) -> Option<Arc<TrackedOf<E>>> {
    (event as Arc<dyn Any + Send + Sync>).downcast().ok()
}
