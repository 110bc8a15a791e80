//! How code waits for a database, with and without a runtime.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::error::Result;
use crate::waiting::block_on;

/// What a database does on threads of its own: `.await` it in any runtime, or `.wait()` without one.
///
/// Nothing happens before. Once it was polled, dropping it doesn't undo what was asked for: a write is written, and
/// its events are delivered.
#[must_use = "nothing happens until this is awaited, or with `.wait()`"]
pub struct Waiting<T> {
    future: Pin<Box<dyn Future<Output = Result<T>> + Send>>,
    /// What reports a long wait, and where the call is written.
    call: (Arc<dyn ReportLate>, &'static Location<'static>),
}

/// What a call waits for, and that knows what has its turn there.
pub(crate) trait ReportLate: Send + Sync {
    /// Reports that the call at this place has waited for [`LATE`](crate::waiting::LATE).
    fn report_late(&self, place: &Location<'_>);
}

impl<T> Waiting<T> {
    pub(crate) fn on(
        waited_for: Arc<dyn ReportLate>,
        place: &'static Location<'static>,
        future: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Self {
        Self { future: Box::pin(future), call: (waited_for, place) }
    }

    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U + Send + 'static) -> Waiting<U>
    where
        T: 'static,
    {
        let Self { future, call } = self;
        Waiting { future: Box::pin(async move { Ok(map(future.await?)) }), call }
    }

    /// Waits on this thread.
    ///
    /// Serves inside an implementation that is an `fn`, too: the threads that do the work wait for no
    /// implementation. Only where a write's events are delivered by a [`Spawner`](crate::Spawner) must the runtime's
    /// own thread `.await` instead.
    ///
    /// A wait of 5 seconds is a line on standard error, which names the place of this call, and what it waits for: the closure
    /// that has its turn, or of a committed write the implementation that isn't ready. What waits in a circle never ends.
    ///
    /// # Errors
    /// Those of the method that returned this.
    pub fn wait(self) -> Result<T> {
        let Self { future, call } = self;
        let (waited_for, place) = call;
        block_on(future, || waited_for.report_late(place))
    }
}

impl<T> Future for Waiting<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        self.future.as_mut().poll(context)
    }
}

impl<T> std::fmt::Debug for Waiting<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waiting")
    }
}
