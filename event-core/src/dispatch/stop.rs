//! How an app stops, also if callers of `shutdown` are dropped.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::dispatch::builtin::{shutdown, stopping};
use crate::dispatch::error::{Error, Result};
use crate::dispatch::execute;
use crate::dispatch::failure::{self, Failure};
use crate::dispatch::hook::HookSpec;
use crate::dispatch::host::{App, Inner};
use crate::dispatch::implementation::Implementation;
use crate::dispatch::plan::Plan;
use crate::dispatch::reentrancy;

/// Stops the app: runs every `stopping` implementation, refuses new calls, waits for those that run, runs every `shutdown`
/// implementation. Once: a caller that is dropped leaves the rest to the next one.
pub(crate) async fn shut_down(app: &App) -> Result<()> {
    let phases = &app.inner.stopped;
    if let Some(mut closing) = app.inner.gate.begin_to_close().await {
        Run::<stopping>::take_up(app).finish().await;
        closing.close().await;
        Run::<shutdown>::take_up(app).finish().await;
        app.inner.report_all(&phases.failures());
        closing.done();
    }
    match phases.failures() {
        failures if failures.is_empty() => Ok(()),
        failures => Err(Error::Failed(failures)),
    }
}

/// Runs the implementations of these plugins, after a start that failed.
pub(crate) async fn stop(app: &App, plugins: &BTreeSet<&'static str>) {
    let Some(mut closing) = app.inner.gate.begin_to_close().await else { return };
    stop_some::<stopping>(app, plugins).await;
    closing.close().await;
    stop_some::<shutdown>(app, plugins).await;
    closing.done();
}

async fn stop_some<S: StopHook>(app: &App, plugins: &BTreeSet<&'static str>) {
    let mut to_stop = app.inner.implementations::<S>().to_vec();
    to_stop.retain(|it| plugins.contains(it.plugin()));
    app.inner.report_all(&call_all::<S>(app, &to_stop, &AtomicUsize::new(0)).await);
}

/// Runs these implementations, and counts those that have ended.
async fn call_all<S: StopHook>(
    app: &App,
    implementations: &[Arc<Implementation>],
    ended: &AtomicUsize,
) -> Vec<Failure> {
    let mut failures = Vec::new();
    // A wrapper is around all of them. Without one, each is a call of its own, so that it is known how many have ended.
    let has_wrapper = implementations.iter().any(|it| it.is_wrapper());
    let size = if has_wrapper { implementations.len() } else { 1 };
    for some in implementations.chunks(size) {
        let plan = Plan::<S>::new(some);
        let ran = reentrancy::marked(&app.inner, execute::execute_call(&plan, S::args_of(app))).await;
        failures.extend(ran.outcome().failures);
        ended.fetch_add(some.len(), Ordering::Relaxed);
    }
    failures
}

/// A hook that is called when the app stops.
trait StopHook: HookSpec {
    fn phase(progress: &StopProgress) -> &Phase;
    fn args_of(app: &App) -> Self::Args<'_>;
}

impl StopHook for stopping {
    fn phase(progress: &StopProgress) -> &Phase {
        &progress.stopping
    }

    fn args_of(app: &App) -> Self::Args<'_> {
        Self::args(app)
    }
}

impl StopHook for shutdown {
    fn phase(progress: &StopProgress) -> &Phase {
        &progress.shutdown
    }

    fn args_of(app: &App) -> Self::Args<'_> {
        Self::args(app)
    }
}

/// The state of a shutdown.
#[derive(Default)]
pub(crate) struct StopProgress {
    stopping: Phase,
    shutdown: Phase,
}

/// The calls of one hook.
#[derive(Default)]
struct Phase {
    /// The run of the implementations, where its caller was dropped before they had ended. It holds the app: a run that is
    /// never taken up again keeps the app in memory.
    left: Mutex<Option<Calls>>,
    /// How many have ended.
    ended: AtomicUsize,
    /// The failures of that run. Set when it has ended.
    failures: OnceLock<Vec<Failure>>,
}

type Calls = Pin<Box<dyn Future<Output = Vec<Failure>> + Send>>;

/// The run of a hook's implementations, held by one caller. If the caller is dropped, the unfinished run is kept.
struct Run<'a, S: StopHook> {
    app: &'a App,
    /// `None` when it has ended.
    calls: Option<Calls>,
    hook: std::marker::PhantomData<S>,
}

impl<'a, S: StopHook> Run<'a, S> {
    fn take_up(app: &'a App) -> Self {
        let phase = S::phase(&app.inner.stopped);
        let calls = phase.failures.get().is_none().then(|| {
            phase.lock_left().take().unwrap_or_else(|| {
                let app = app.clone();
                Box::pin(async move {
                    let ended = &S::phase(&app.inner.stopped).ended;
                    call_all::<S>(&app, app.inner.implementations::<S>(), ended).await
                })
            })
        });
        Self { app, calls, hook: std::marker::PhantomData }
    }

    async fn finish(mut self) {
        if self.calls.is_none() {
            return;
        }
        let failures =
            poll_fn(|context| self.calls.as_mut().expect("it hasn't ended").as_mut().poll(context)).await;
        self.calls = None;
        assert!(S::phase(&self.app.inner.stopped).failures.set(failures).is_ok(), "an app is stopped once");
    }
}

impl<S: StopHook> Drop for Run<'_, S> {
    fn drop(&mut self) {
        let Some(calls) = self.calls.take() else { return };
        *S::phase(&self.app.inner.stopped).lock_left() = Some(calls);
        failure::say(&format!(
            "the wait for `shutdown` was given up before these had ended: {}; `shutdown` called again goes on with them",
            names(&self.app.inner.left::<S>())
        ));
    }
}

impl Phase {
    fn lock_left(&self) -> std::sync::MutexGuard<'_, Option<Calls>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StopProgress {
    fn failures(&self) -> Vec<Failure> {
        let phases = [&self.stopping, &self.shutdown];
        phases.into_iter().filter_map(|phase| phase.failures.get()).flatten().cloned().collect()
    }
}

impl Inner {
    fn left<S: StopHook>(&self) -> Vec<&Implementation> {
        let ended = S::phase(&self.stopped).ended.load(Ordering::Relaxed);
        self.implementations::<S>().iter().skip(ended).map(|it| &**it).collect()
    }

    /// The implementations of `stopping` and `shutdown` that haven't ended; empty without any.
    pub(crate) fn left_to_stop(&self) -> String {
        let mut left = self.left::<stopping>();
        left.extend(self.left::<shutdown>());
        names(&left)
    }
}

fn names(them: &[&Implementation]) -> String {
    let names: Vec<_> = them.iter().map(|it| format!("`{}` (plugin {})", it.path(), it.plugin())).collect();
    names.join(", ")
}
