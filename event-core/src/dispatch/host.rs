//! The running host: what a program holds to track events and call hooks.

use std::any::TypeId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;

use crate::app::assemble::Parts;
use crate::app::builder::AppBuilder;
use crate::app::stop::{self, Stopped};
use crate::app::track::Track;
use crate::describe::Description;
use crate::dispatch::blocking::Waiting;
use crate::dispatch::error::{Error, Result};
use crate::dispatch::execute::Notable;
use crate::dispatch::failure::{self, Failure, Handler};
use crate::dispatch::hook::HookSpec;
use crate::dispatch::in_flight::Gate;
use crate::dispatch::listeners::Listeners;
use crate::dispatch::observe::Observer;
use crate::dispatch::plan::{ErasedTable, Table};
use crate::dispatch::reentrancy::Inside;
use crate::dispatch::state::State;
use crate::dispatch::type_map::KindMap;
use crate::event::event_type::{Event, EventType};
use crate::testing::recorder::{Kept, Recorder};
use crate::testing::test_clock::Fixed;

/// The running host: hooks, event types and state. A cheap clone; every clone is the same app.
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
/// let receipt = app.track(BanUser { user: "mallory".into() }).by(Actor::new("root")).wait()?;
/// assert!(receipt.failures().is_empty());
/// app.shutdown().wait()?;
/// # Ok::<_, event_core::Error>(())
/// ```
#[derive(Clone)]
pub struct App {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// Whether `startup` was called.
    pub(crate) started: AtomicBool,
    pub(crate) parts: Parts,
    /// Every known event type, sorted by name. Unset until `register_events` has run.
    pub(crate) events: OnceLock<Vec<EventType>>,
    /// A [`Table`] for each hook that has implementations.
    pub(crate) tables: KindMap<ErasedTable>,
    /// Whom each known event type meets. Unset until `register_events` has run.
    pub(crate) listeners: OnceLock<Listeners>,
    pub(crate) state: State,
    pub(crate) gate: Gate,
    pub(crate) stopped: Stopped,
    /// Whether a test has fixed something, or has asked for the recorder: one look for most events.
    pub(crate) is_tested: AtomicBool,
    pub(crate) fixed: Option<Box<Fixed>>,
    pub(crate) observers: Vec<Box<dyn Observer>>,
    /// Set when somebody asks for it first.
    pub(crate) recorder: OnceLock<Arc<Kept>>,
    pub(crate) failure_handler: Handler,
}

impl App {
    /// Starts an app with everything that is linked into the program; `.await` it, or `.wait()`.
    ///
    /// Collects events and implementations, checks them, calls `register_events`, then `startup`.
    ///
    /// # Errors
    /// [`Error::Start`] with all problems found; [`Error::Startup`] when a `startup` implementation failed.
    pub fn start() -> Waiting<'static, Self> {
        Self::builder().start()
    }

    /// An app that is put together step by step.
    pub fn builder() -> AppBuilder {
        AppBuilder::default()
    }

    /// Says that this happened. `.await` it, or `.wait()` without a runtime; nothing happens before.
    ///
    /// ```
    /// # use event_core::prelude::*;
    /// # #[derive(Event)]
    /// # struct BanUser { user: String }
    /// # let app = App::builder().without_linked().event::<BanUser>().start().wait()?;
    /// let receipt = app.track(BanUser { user: "mallory".into() }).by(Actor::new("root")).wait()?;
    /// println!("tracked {}", receipt.id());
    /// # Ok::<_, event_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// An error means that the event isn't tracked: [`Error::UnknownEvent`], [`Error::ShutDown`],
    /// [`Error::Refused`] when an `essential` implementation failed, and for `.wait()` inside an implementation
    /// [`Error::WouldBlock`]. Every other failure is in the [`Receipt`](crate::Receipt).
    pub fn track<E: Event>(&self, event: E) -> Track<'_, E> {
        Track::new(Some(self), event)
    }

    /// Puts a value into the app, for others to find by its type.
    ///
    /// # Errors
    /// [`Error::StateExists`] when the app already holds a value of this type.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) -> Result<()> {
        self.inner.state.insert(value)
    }

    /// The value of this type.
    ///
    /// # Errors
    /// [`Error::NoState`] when nobody put one in.
    pub fn state<T: Send + Sync + 'static>(&self) -> Result<Arc<T>> {
        self.inner.state.get()
    }

    /// A plugin's section of the configuration, as a type of the plugin's own; see
    /// [`AppBuilder::config_file`]. Without a section, what serde makes of an empty one.
    ///
    /// Read it in a `startup` implementation, so that a mistake in it keeps the app from starting.
    ///
    /// ```
    /// use event_core::App;
    ///
    /// #[derive(serde::Deserialize)]
    /// #[serde(default)]
    /// struct Settings {
    ///     batch: usize,
    /// }
    ///
    /// impl Default for Settings {
    ///     fn default() -> Self {
    ///         Self { batch: 10 }
    ///     }
    /// }
    ///
    /// let app = App::builder().without_linked().start().wait()?;
    /// let settings: Settings = app.plugin_config("event-forward")?;
    /// assert_eq!(settings.batch, 10);
    /// # Ok::<_, event_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Config`] with all mistakes of the section: keys that `T` doesn't read, values of another type, keys
    /// that are missing.
    pub fn plugin_config<T: DeserializeOwned>(&self, plugin: &str) -> Result<T> {
        Ok(self.inner.parts.config.read(plugin)?)
    }

    /// What the app is made of: plugins, events, hooks, and who is called when. Printed, it is tables;
    /// `app.describe().event("ban-user")` is the part about one event.
    pub fn describe(&self) -> Description {
        Description::of(self)
    }

    /// Records what is tracked from now on, for tests. Every call gives the same recorder.
    pub fn recorder(&self) -> Recorder {
        let kept = self.inner.recorder.get_or_init(Arc::default).clone();
        self.inner.is_tested.store(true, Ordering::Release);
        Recorder::new(kept)
    }

    /// Stops the app: new calls are refused, running ones are waited for, then every `shutdown` implementation
    /// runs, in reverse start-up order, whatever fails. `.await` it, or `.wait()`.
    ///
    /// A second call waits for the first, and gives the same. A call that is dropped half-way, by a timeout for one,
    /// stops nothing and loses nothing: while it waits for running calls, the app goes on running; after that, the next
    /// call goes on with the implementation that was waiting, where it was waiting. It is `Ok` only when every
    /// implementation has ended. What such a call leaves is a line on standard error.
    ///
    /// An app that is dropped without it runs nothing, and says on standard error which `shutdown` implementations
    /// weren't called.
    ///
    /// # Errors
    /// [`Error::Failed`] with the `shutdown` implementations that failed; the app is shut down all the same.
    /// [`Error::ShutdownInside`] inside an implementation of this app, which shutdown would wait for.
    pub fn shutdown(&self) -> Waiting<'_, ()> {
        Waiting::new(async move {
            if self.inner.is_inside() {
                return Err(Error::ShutdownInside);
            }
            stop::shut_down(self).await
        })
    }
}

impl Inner {
    pub(crate) fn table<S: HookSpec>(&self) -> Option<&Table<S>> {
        let table = self.tables.get(TypeId::of::<S>())?;
        Some(table.downcast_ref().expect("a hook's table is of the hook's type"))
    }

    /// Whether this thread is in the middle of a call of this app.
    #[inline]
    pub(crate) fn is_inside(&self) -> bool {
        Inside::of(self)
    }

    /// Refuses a call that nobody answers after a shutdown, as any other.
    #[inline]
    pub(crate) fn check_open(&self) -> Result<()> {
        self.gate.check_open(|| self.is_inside())
    }

    /// Hands the failures of a finished call to the app's handler, except the essential one that ended the call:
    /// that is the caller's error.
    pub(crate) fn report<S: HookSpec>(&self, notable: Option<Box<Notable>>) -> Result<Option<Box<Notable>>> {
        match notable {
            None => Ok(None),
            Some(mut notable) => {
                self.report_failures(&mut notable.failures, S::INFO.is_first_result())?;
                Ok(Some(notable))
            }
        }
    }

    #[cold]
    fn report_failures(&self, failures: &mut Vec<Failure>, is_first_result: bool) -> Result<()> {
        if let Some(index) = failures.iter().position(Failure::is_essential) {
            let refused = failures.remove(index);
            self.report_all(failures);
            return Err(Error::Refused(refused));
        }
        // The failures of a `firstresult` hook are its caller's error.
        if !is_first_result {
            self.report_all(failures);
        }
        Ok(())
    }

    pub(crate) fn report_all(&self, failures: &[Failure]) {
        for failure in failures {
            let handled = catch_unwind(AssertUnwindSafe(|| (self.failure_handler)(failure)));
            if handled.is_err() {
                failure::print(failure);
            }
        }
    }
}

/// Dropping an app without `shutdown` prints which implementations weren't called.
impl Drop for Inner {
    fn drop(&mut self) {
        if !self.started.load(Ordering::Relaxed) || self.gate.is_done() {
            return;
        }
        let left = self.left_to_stop();
        if !left.is_empty() {
            failure::say(&format!("an app was dropped without `shutdown`, so these weren't called: {left}"));
        }
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}
