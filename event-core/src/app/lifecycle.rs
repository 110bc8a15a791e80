//! How an app starts.

use std::any::TypeId;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::app::assemble::{collect, name_clashes};
use crate::app::builder::AppBuilder;
use crate::config::References;
use crate::config::problem::StartProblem;
use crate::dispatch::blocking::Deferred;
use crate::dispatch::builtin::{register_events, register_observers, started, startup, track_event};
use crate::dispatch::call_depth;
use crate::dispatch::error::{Error, Result};
use crate::dispatch::execute;
use crate::dispatch::failure::Failure;
use crate::dispatch::hook::HookSpec;
use crate::dispatch::host::{App, Inner};
use crate::dispatch::implementation::Implementation;
use crate::dispatch::in_flight::Caller;
use crate::dispatch::in_flight::Gate;
use crate::dispatch::observe::Observer;
use crate::dispatch::plan::Plan;
use crate::dispatch::reentrancy;
use crate::dispatch::state::StateMap;
use crate::dispatch::stop::{StopProgress, shut_down, stop};
use crate::dispatch::wrapper::Outcome;
use crate::event::event_type::EventType;

impl App {
    /// Starts an app with everything that is linked into the program; `.await` it, or `.wait()`.
    ///
    /// Collects events and implementations, checks them, calls `register_observers`, `register_events`, `startup`, then
    /// `started`. A failure of a `started` implementation is reported, and the app has started all the same.
    ///
    /// # Errors
    /// [`Error::Start`] with all problems found; [`Error::Startup`] when a `startup` implementation failed.
    pub fn start() -> Deferred<'static, Self> {
        Self::builder().start()
    }

    /// An app that is put together step by step.
    pub fn builder() -> AppBuilder {
        AppBuilder::default()
    }

    /// Stops the app: every `stopping` implementation runs, new calls are refused, running ones are waited for, then every
    /// `shutdown` implementation runs, in reverse start-up order, whatever fails. `.await` it, or `.wait()`.
    ///
    /// A second call waits for the first, and gives the same. Once it has begun, it isn't taken back: where a call is dropped
    /// half-way, by a timeout for one, the app stays closed, and tracking is [`Error::ShutdownDropped`]. The next call goes on
    /// where that one was, with the same running calls or implementation. It is `Ok` only when every implementation has ended.
    /// A call that is dropped leaves a line on standard error.
    ///
    /// An app that is dropped without it runs nothing, and says on standard error which `shutdown` implementations
    /// weren't called.
    ///
    /// # Errors
    /// [`Error::Failed`] with the `shutdown` implementations that failed; the app is shut down all the same.
    /// [`Error::ShutdownInside`] inside an implementation of this app, which shutdown would wait for.
    pub fn shutdown(&self) -> Deferred<'_, ()> {
        Deferred::new(async move {
            if matches!(Caller::of_next_call(&self.inner), Caller::SameApp) {
                return Err(Error::ShutdownInside);
            }
            shut_down(self).await
        })
    }
}

/// 1. Collect what is linked and what the builder was given; bring each hook's implementations into call order.
/// 2. Ask `register_observers` who watches, then `register_events` for the types that can't register themselves.
/// 3. Refuse to start if anything was wrong so far: all problems together.
/// 4. Call `startup`; if it fails, left a part of the configuration unread or durable implementations without a caller, shut
///    down what had started.
/// 5. Call `started`.
pub(crate) async fn start(builder: AppBuilder) -> Result<App> {
    let mut problems = Vec::new();
    let Assembled { app, mut events, observers } = assemble(builder, References::Resolve, &mut problems);

    // What starts an app in `startup` may start itself.
    call_depth::check_next::<startup>(startup::args(&app))?;
    let registered = call::<register_observers>(&app, register_observers::args(&app)).await;
    problems.extend(registered.failures.iter().map(|failure| StartProblem::new(failure.to_line())));
    app.inner.set_observers(observers.into_iter().chain(registered.values.into_iter().flatten()));
    know_events(&app, &mut events, &mut problems).await;
    if !problems.is_empty() {
        return Err(Error::Start(problems));
    }
    app.inner.listen(events);
    app.inner.started.store(true, Ordering::Relaxed);

    let mut failures = call::<startup>(&app, startup::args(&app)).await.failures;
    if !failures.is_empty() {
        // A wrapper's failure can stand beside the one that ended the call.
        let ended = failures.iter().position(Failure::is_essential).unwrap_or(0);
        let failure = failures.remove(ended);
        app.inner.report_all(&failures);
        stop(&app, &started_before(&failure, app.inner.implementations::<startup>())).await;
        return Err(Error::Startup(failure));
    }
    let mut problems = app.inner.parts.config.unread(|_| true);
    problems.extend(unclaimed_consumers(&app));
    if !problems.is_empty() {
        // Whatever it was, it had started.
        let _ = shut_down(&app).await;
        return Err(Error::Start(problems));
    }
    app.inner.report_all(&call::<started>(&app, started::args(&app)).await.failures);
    Ok(app)
}

/// Durable implementations that no plugin calls.
fn unclaimed_consumers(app: &App) -> Option<StartProblem> {
    let consumers = &app.inner.parts.consumers;
    if consumers.is_empty() || app.inner.consumers_claimed.load(Ordering::Relaxed) {
        return None;
    }
    let who: Vec<_> = consumers.iter().map(|consumer| consumer.implementation().to_string()).collect();
    let delivers = app.inner.parts.not_called.iter().find(|it| it.plugin() == "event-journal");
    let remedy = match delivers.and_then(|it| it.not_called()) {
        Some(why) => format!("{why}; leave that out"),
        None => "add a journal, such as `event-sqlite`, to Cargo.toml, and write `event_core::plugins![event_sqlite];` in \
                 src/main.rs"
            .to_owned(),
    };
    Some(StartProblem::new(format!(
        "no plugin delivers to the durable implementations {}: {remedy}",
        who.join(", ")
    )))
}

/// What the app would be: its parts and what is wrong with them. Calls `register_events` and nothing else.
pub(crate) async fn describe(builder: AppBuilder) -> Result<(App, Vec<StartProblem>)> {
    let mut problems = Vec::new();
    let Assembled { app, mut events, .. } = assemble(builder, References::Leave, &mut problems);
    // What describes an app in `register_events` may describe itself.
    call_depth::check_next::<register_events>(register_events::args(&app))?;
    know_events(&app, &mut events, &mut problems).await;
    assert!(app.inner.events.set(events).is_ok(), "an app is described once");
    Ok((app, problems))
}

/// An app before any code of a plugin runs.
struct Assembled {
    app: App,
    events: Vec<EventType>,
    observers: Vec<Box<dyn Observer>>,
}

fn assemble(mut builder: AppBuilder, references: References, problems: &mut Vec<StartProblem>) -> Assembled {
    let mut parts = collect(&mut builder, references, problems);
    let tables = parts.implementations.iter().map(|(hook, them)| (*hook, them[0].hook().build(them)));
    let events = std::mem::take(&mut parts.events);
    let inner = Inner {
        tables: tables.collect(),
        parts,
        events: OnceLock::new(),
        listeners: OnceLock::new(),
        state: builder.state,
        state_turns: StateMap::default(),
        gate: Gate::default(),
        stopped: StopProgress::default(),
        started: AtomicBool::new(false),
        is_tested: AtomicBool::new(builder.test_clock.is_some()),
        test_clock: builder.test_clock,
        is_always_observed: AtomicBool::new(builder.call_depth_limit == 1),
        call_depth_limit: builder.call_depth_limit,
        consumers_claimed: AtomicBool::new(false),
        observers: OnceLock::new(),
        recorder: OnceLock::new(),
        failure_handler: builder.failure_handler,
    };
    Assembled { app: App { inner: Arc::new(inner) }, events, observers: builder.observers }
}

/// Adds the types of events that can't register themselves, and sorts all. Then all is known that is wrong before `startup`.
async fn know_events(app: &App, events: &mut Vec<EventType>, problems: &mut Vec<StartProblem>) {
    let generic = call::<register_events>(app, register_events::args(app)).await;
    events.extend(generic.values.into_iter().flatten());
    problems.extend(generic.failures.iter().map(|failure| StartProblem::new(failure.to_line())));
    problems.extend(name_clashes(events));
    // An order that can't be kept leaves a hook without implementations, so what reads nothing isn't known then.
    if problems.is_empty() {
        problems.extend(app.inner.sections_without_a_reader());
    }
}

impl Inner {
    /// Makes the event types known: from here on, events can be tracked.
    fn listen(&self, events: Vec<EventType>) {
        let empty = Arc::new(Plan::new(&[]));
        let table = self.table::<track_event>();
        let plan_of = |event: EventType| {
            table.map_or_else(|| empty.clone(), |table| table.plan_for(event.tracked_type()))
        };
        let listeners = events.iter().map(|event| (*event, plan_of(*event))).collect();
        let first = self.events.set(events).is_ok() && self.listeners.set(listeners).is_ok();
        assert!(first, "an app is started once");
    }

    /// The sections of plugins that have no implementation which could read them while the app starts.
    fn sections_without_a_reader(&self) -> Vec<StartProblem> {
        let readers = [
            self.implementations::<register_observers>(),
            self.implementations::<register_events>(),
            self.implementations::<startup>(),
        ];
        let can_read = |plugin: &str| readers.iter().any(|them| them.iter().any(|it| it.plugin() == plugin));
        self.parts.config.unread(|plugin| !can_read(plugin))
    }

    pub(crate) fn implementations<S: HookSpec>(&self) -> &[Arc<Implementation>] {
        self.parts.implementations.get(&TypeId::of::<S>()).map_or(&[], Vec::as_slice)
    }
}

/// Calls a hook for the app itself, past the gate that callers go through.
async fn call<'a, S: HookSpec>(app: &'a App, args: S::Args<'a>) -> Outcome<S> {
    match app.inner.table::<S>() {
        Some(table) => {
            reentrancy::marked(&app.inner, execute::execute_call(table.plan(None), args)).await.outcome()
        }
        None => Outcome::default(),
    }
}

/// The plugins that had at least one `startup` implementation succeed. A wrapper's failure keeps none from running.
fn started_before(failure: &Failure, startups: &[Arc<Implementation>]) -> BTreeSet<&'static str> {
    let in_order = startups.iter().filter(|it| !it.is_wrapper());
    in_order
        .take_while(|it| !std::ptr::eq(Arc::as_ptr(it), failure.implementation()))
        .map(|it| it.plugin())
        .collect()
}
