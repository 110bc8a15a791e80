//! How code waits for what a plugin does on threads of its own, with and without a runtime.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::log::log;
use crate::waiting::{LATE, block_on};

/// What a plugin does on threads of its own: `.await` it in any runtime, or `.wait()` without one.
///
/// Nothing happens before. Once it was polled, dropping it doesn't undo what was asked for: a write is written, and
/// its events are delivered.
#[must_use = "nothing happens until this is awaited, or with `.wait()`"]
pub struct Waiting<T, E> {
    future: Pin<Box<dyn Future<Output = Result<T, E>> + Send>>,
    /// What reports a long wait, and where the call is written.
    call: Option<(Arc<dyn ReportLate>, &'static Location<'static>)>,
}

/// What a call waits for, and that knows what has its turn there.
pub trait ReportLate: Send + Sync {
    /// Reports that the call at this place has waited for [`LATE`], by [`report_late`].
    fn report_late(&self, place: &Location<'_>);
}

/// Reports it, on standard error: what is waited for, such as a file, and why nothing has come of it.
pub fn report_late(waited_for: &str, place: &Location<'_>, why: &str) {
    log(format_args!(
        "{waited_for}: the call at {place} has waited for {} s with `.wait()`: {why}; what it waits for must not wait for this \
         thread, nor for the runtime that this thread drives",
        LATE.as_secs()
    ));
}

impl<T, E> Waiting<T, E> {
    /// Waits for a future that always ends.
    pub fn new(future: impl Future<Output = Result<T, E>> + Send + 'static) -> Self {
        Self { future: Box::pin(future), call: None }
    }

    /// Waits for a future that may wait for other code of the application's: a long [`wait`](Self::wait) is reported, with the
    /// place of the call.
    pub fn on(
        waited_for: Arc<dyn ReportLate>,
        place: &'static Location<'static>,
        future: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Self {
        Self { future: Box::pin(future), call: Some((waited_for, place)) }
    }

    /// The same with another value.
    pub fn map<U>(self, map: impl FnOnce(T) -> U + Send + 'static) -> Waiting<U, E>
    where
        T: 'static,
        E: 'static,
    {
        let Self { future, call } = self;
        Waiting { future: Box::pin(async move { Ok(map(future.await?)) }), call }
    }

    /// Waits on this thread.
    ///
    /// Serves inside an implementation that is an `fn`, too: the threads that do the work wait for no implementation.
    ///
    /// A wait of 5 seconds for other code of the application's is a line on standard error, which names the place of this call,
    /// and what it waits for: the closure that has its turn, or of a committed write the implementation that isn't ready. What
    /// waits in a circle never ends.
    ///
    /// # Errors
    /// Those of the method that returned this.
    pub fn wait(self) -> Result<T, E> {
        let Self { future, call } = self;
        block_on(future, || {
            if let Some((waited_for, place)) = call {
                waited_for.report_late(place);
            }
        })
    }
}

impl<T, E> Future for Waiting<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.future.as_mut().poll(context)
    }
}

impl<T, E> std::fmt::Debug for Waiting<T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waiting")
    }
}
