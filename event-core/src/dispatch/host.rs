//! The running host: what a program holds to track events and call hooks.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use crate::config::Config;
use crate::dispatch::durable::consumer::Consumer;
use crate::dispatch::error::{Error, Result};
use crate::dispatch::execute::Notable;
use crate::dispatch::failure::{self, Failure, Handler};
use crate::dispatch::hook::{HookInfo, HookSpec};
use crate::dispatch::implementation::Implementation;
use crate::dispatch::in_flight::{Caller, Gate};
use crate::dispatch::listeners::Listeners;
use crate::dispatch::observe::Observer;
use crate::dispatch::plan::{ErasedTable, Table};
use crate::dispatch::recording::Recording;
use crate::dispatch::state::StateMap;
use crate::dispatch::stop::StopProgress;
use crate::dispatch::type_map::TypeMap;
use crate::event::event_type::EventType;
use crate::event::foreign;
use crate::event::test_clock::TestClock;

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

impl App {
    /// A handle that keeps no app in memory, for threads that end when the app is dropped.
    pub fn downgrade(&self) -> WeakApp {
        WeakApp { inner: Arc::downgrade(&self.inner) }
    }
}

/// An app that may be dropped; made by [`App::downgrade`].
#[derive(Clone)]
pub struct WeakApp {
    inner: Weak<Inner>,
}

impl WeakApp {
    /// The app, unless it was dropped.
    pub fn upgrade(&self) -> Option<App> {
        self.inner.upgrade().map(|inner| App { inner })
    }
}

impl std::fmt::Debug for WeakApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WeakApp").finish_non_exhaustive()
    }
}

pub(crate) struct Inner {
    /// Whether `startup` was called.
    pub(crate) started: AtomicBool,
    pub(crate) parts: Parts,
    /// Every known event type, sorted by name. Unset until `register_events` has run.
    pub(crate) events: OnceLock<Vec<EventType>>,
    /// A [`Table`] for each hook that has implementations.
    pub(crate) tables: TypeMap<ErasedTable>,
    /// The plan of each known event type. Unset until `register_events` has run.
    pub(crate) listeners: OnceLock<Listeners>,
    pub(crate) state: StateMap,
    /// Which thread makes a value of the state.
    pub(crate) state_turns: StateMap,
    pub(crate) gate: Gate,
    pub(crate) stopped: StopProgress,
    /// Whether a test fixes time or ids, or uses the recorder: one check for most events.
    pub(crate) is_tested: AtomicBool,
    pub(crate) test_clock: Option<Box<TestClock>>,
    /// Unset until `register_observers` has run.
    pub(crate) observers: OnceLock<Vec<Box<dyn Observer>>>,
    /// Set when a test first asks for it.
    pub(crate) recorder: OnceLock<Arc<Recording>>,
    pub(crate) failure_handler: Handler,
    /// How many calls may run within each other.
    pub(crate) call_depth_limit: usize,
    /// Whether a plugin calls the durable implementations.
    pub(crate) consumers_claimed: AtomicBool,
    /// Whether every call is observed, also one that isn't within another.
    pub(crate) is_always_observed: AtomicBool,
}

/// The parts of an app.
#[derive(Default)]
pub(crate) struct Parts {
    /// Their versions by name; of a plugin that only closures stand for, an empty text.
    pub(crate) plugins: BTreeMap<&'static str, &'static str>,
    /// Taken when the app starts, which then knows more of them.
    pub(crate) events: Vec<EventType>,
    pub(crate) hooks: Vec<&'static HookInfo>,
    /// Each hook's implementations in call order; a hook for which there is no order is left out.
    pub(crate) implementations: ByHook,
    /// The durable implementations, which no call of a hook reaches.
    pub(crate) consumers: Vec<Consumer>,
    /// Those of disabled plugins.
    pub(crate) not_called: Vec<Arc<Implementation>>,
    pub(crate) config: Config,
}

pub(crate) type ByHook = BTreeMap<TypeId, Vec<Arc<Implementation>>>;

impl Inner {
    pub(crate) fn table<S: HookSpec>(&self) -> Option<&Table<S>> {
        let table = self.tables.get(&TypeId::of::<S>())?;
        Some(table.downcast_ref().expect("a hook's table is of the hook's type"))
    }

    /// After a shutdown, refuses a call without implementations as well.
    #[inline]
    pub(crate) fn check_open(&self) -> Result<()> {
        self.gate.check_open(|| Caller::of_next_call(self))
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
            if foreign::catch(|| (self.failure_handler)(failure)).is_err() {
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
        let implementations = self.inner.parts.implementations.values().map(Vec::len).sum::<usize>();
        f.debug_struct("App")
            .field("events", &self.inner.events.get().map_or(0, Vec::len))
            .field("implementations", &implementations)
            .field("is_shut_down", &self.inner.gate.is_done())
            .finish_non_exhaustive()
    }
}
