//! How an app stops, also if callers of `shutdown` are dropped.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::dispatch::builtin::shutdown;
use crate::dispatch::error::{Error, Result};
use crate::dispatch::execute;
use crate::dispatch::failure::{self, Failure};
use crate::dispatch::host::{App, Inner};
use crate::dispatch::implementation::Implementation;
use crate::dispatch::plan::Plan;
use crate::dispatch::reentrancy;

/// Stops the app: refuses new calls, waits for those that run, runs every `shutdown` implementation. Once: a caller that
/// is dropped leaves the rest to the next one.
pub(crate) async fn shut_down(app: &App) -> Result<()> {
    if let Some(closing) = app.inner.gate.close().await {
        let failures = Stopping::take_up(app).finish().await;
        app.inner.report_all(&failures);
        assert!(app.inner.stopped.failures.set(failures).is_ok(), "an app is stopped once");
        closing.done();
    }
    match app.inner.stopped.failures.get().map(Vec::as_slice) {
        None | Some([]) => Ok(()),
        Some(failures) => Err(Error::Failed(failures.to_vec())),
    }
}

/// Runs the `shutdown` implementations of these plugins, after a start that failed.
pub(crate) async fn stop(app: &App, plugins: &BTreeSet<&'static str>) {
    let Some(closing) = app.inner.gate.close().await else { return };
    let mut to_stop = app.inner.implementations::<shutdown>().to_vec();
    to_stop.retain(|it| plugins.contains(it.plugin()));
    app.inner.report_all(&call_shutdown(app, &to_stop, &AtomicUsize::new(0)).await);
    closing.done();
}

/// Runs these `shutdown` implementations, and counts those that have ended.
async fn call_shutdown(
    app: &App,
    implementations: &[Arc<Implementation>],
    ended: &AtomicUsize,
) -> Vec<Failure> {
    let mut failures = Vec::new();
    // A wrapper is around all of them. Without one, each is a call of its own, so that it is known how many have ended.
    let has_wrapper = implementations.iter().any(|it| it.is_wrapper());
    let size = if has_wrapper { implementations.len() } else { 1 };
    for some in implementations.chunks(size) {
        let plan = Plan::<shutdown>::new(some);
        let ran = reentrancy::marked(&app.inner, execute::execute_call(&plan, shutdown::args(app))).await;
        failures.extend(ran.outcome().failures);
        ended.fetch_add(some.len(), Ordering::Relaxed);
    }
    failures
}

/// The state of a shutdown.
#[derive(Default)]
pub(crate) struct StopProgress {
    /// The run of the `shutdown` implementations, where its caller was dropped before they had ended. It holds the app: a
    /// run that is never taken up again keeps the app in memory.
    left: Mutex<Option<ShutdownCalls>>,
    /// How many have ended.
    ended: AtomicUsize,
    /// The failures of that run. Set when it has ended.
    failures: OnceLock<Vec<Failure>>,
}

type ShutdownCalls = Pin<Box<dyn Future<Output = Vec<Failure>> + Send>>;

/// The run of the `shutdown` implementations, held by one caller. If the caller is dropped, the unfinished run is kept.
struct Stopping<'a> {
    app: &'a Inner,
    /// `None` when it has ended.
    run: Option<ShutdownCalls>,
}

impl<'a> Stopping<'a> {
    fn take_up(app: &'a App) -> Self {
        let left = app.inner.stopped.lock_left().take();
        let run = left.unwrap_or_else(|| {
            let app = app.clone();
            Box::pin(async move {
                call_shutdown(&app, app.inner.implementations::<shutdown>(), &app.inner.stopped.ended).await
            })
        });
        Self { app: &app.inner, run: Some(run) }
    }

    async fn finish(mut self) -> Vec<Failure> {
        let failures = poll_fn(|context| {
            self.run.as_mut().expect("it isn't polled after its end").as_mut().poll(context)
        });
        let failures = failures.await;
        self.run = None;
        failures
    }
}

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        let Some(run) = self.run.take() else { return };
        *self.app.stopped.lock_left() = Some(run);
        failure::say(&format!(
            "the wait for `shutdown` was given up before these had ended: {}; `shutdown` called again goes on with them",
            self.app.left_to_stop()
        ));
    }
}

impl StopProgress {
    fn lock_left(&self) -> std::sync::MutexGuard<'_, Option<ShutdownCalls>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The `shutdown` implementations that haven't ended; empty without any.
    pub(crate) fn left_to_stop(&self) -> String {
        let left = self.implementations::<shutdown>().iter().skip(self.stopped.ended.load(Ordering::Relaxed));
        let left: Vec<_> = left.map(|it| format!("`{}` (plugin {})", it.path(), it.plugin())).collect();
        left.join(", ")
    }
}
