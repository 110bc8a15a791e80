//! Records tracked events, for tests.

use std::any::Any;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::config::suggest::nearest;
use crate::dispatch::blocking::Deferred;
use crate::dispatch::host::App;
use crate::dispatch::pending::What;
use crate::dispatch::recording::Recording;
use crate::event::event_type::{Event, EventType};
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
/// assert_eq!(recorder.names(), ["ban-user"]);
/// assert_eq!(recorder.events::<BanUser>()[0].user, "mallory");
/// assert_eq!(recorder.last().unwrap().actor().unwrap().id(), Some("root"));
/// # Ok::<_, event_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Recorder {
    kept: Arc<Recording>,
    /// The names of the events that the app knows.
    known: Vec<&'static str>,
}

impl App {
    /// Records what is tracked from now on, for tests. Every call gives the same recorder.
    #[track_caller]
    pub fn recorder(&self) -> Recorder {
        let place = Location::caller();
        let kept = self.inner.recorder.get_or_init(|| Arc::new(Recording::new(place))).clone();
        self.inner.is_tested.store(true, Ordering::Release);
        let known = self.inner.events.get().into_iter().flatten().map(EventType::name);
        Recorder { kept, known: known.collect() }
    }
}

impl Recorder {
    /// All events so far, in the order in which their calls ended.
    pub fn all(&self) -> Vec<Arc<dyn AnyTracked>> {
        self.kept.events().clone()
    }

    /// The events of type `E`, each with its envelope.
    pub fn events<E: Event>(&self) -> Vec<Arc<TrackedOf<E>>> {
        self.all().into_iter().filter_map(typed).collect()
    }

    /// The last event, of whatever type.
    pub fn last(&self) -> Option<Arc<dyn AnyTracked>> {
        self.all().pop()
    }

    /// The names of all events so far, in their order: `assert_eq!(recorder.names(), ["login", "ban-user"])`.
    pub fn names(&self) -> Vec<String> {
        self.all().iter().map(|event| event.name().to_owned()).collect()
    }

    /// How many events of this name there were.
    ///
    /// # Panics
    /// If the app knows no event of this name, which is misspelt then.
    #[track_caller]
    pub fn count(&self, name: &str) -> usize {
        assert!(self.known.contains(&name), "this app knows no event `{name}`; {}", self.meant(name));
        self.all().iter().filter(|event| event.name() == name).count()
    }

    /// Which name was meant instead of this one.
    fn meant(&self, name: &str) -> String {
        let letters =
            |name: &str| name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        let same = self.known.iter().copied().find(|known| letters(known) == letters(name));
        match same.or_else(|| nearest(name, &self.known)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if self.known.is_empty() => "it knows none".to_owned(),
            None => format!("its events are `{}`", self.known.join("`, `")),
        }
    }

    /// Forgets the events so far.
    pub fn clear(&self) {
        // Taken out first: dropping an event runs foreign code, which must not run under the lock.
        let events = std::mem::take(&mut *self.kept.events());
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
        let first = || self.kept.events().iter().cloned().find_map(typed);
        Deferred::new(async move { Ok(self.kept.waiting.until(first, || What::NoSuchEvent).await) })
    }

    /// Asserts that an event of type `E` was tracked for which `is_it` is true, and returns it.
    ///
    /// # Panics
    /// If there is none; the message shows what was tracked instead.
    #[track_caller]
    pub fn assert_tracked<E: Event>(&self, is_it: impl Fn(&TrackedOf<E>) -> bool) -> Arc<TrackedOf<E>> {
        let events = self.events::<E>();
        let number = events.len();
        if let Some(event) = events.into_iter().find(|event| is_it(event)) {
            return event;
        }
        let what = match number {
            0 => format!("no `{}` was tracked", std::any::type_name::<E>()),
            1 => format!("the one `{}` that was tracked isn't such a one", std::any::type_name::<E>()),
            _ => format!(
                "none of the {number} `{}` that were tracked is such a one",
                std::any::type_name::<E>()
            ),
        };
        panic!("{what}; {}", self.tracked())
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
        let (all, place) = (self.all(), self.kept.began);
        let since = format!("since recording began at {}:{}", place.file(), place.line());
        if all.is_empty() {
            return format!(
                "nothing was tracked {since}; call `app.recorder()` before what is to be recorded, and look at it after"
            );
        }
        let line = |event: &Arc<dyn AnyTracked>| match event.properties_json() {
            Ok(properties) => format!("\n  {} {properties}", event.name()),
            Err(error) => format!("\n  {} ({error})", event.name()),
        };
        format!("{since}, these were:{}", all.iter().map(line).collect::<String>())
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Recorder").field(&self.names()).finish()
    }
}

fn typed<E: Event>(event: Arc<dyn AnyTracked>) -> Option<Arc<TrackedOf<E>>> {
    (event as Arc<dyn Any + Send + Sync>).downcast().ok()
}
