//! How code waits for a database, with and without a runtime.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::database::Open;
use crate::delivery;
use crate::error::Result;

/// What a database does on threads of its own: `.await` it in any runtime, or `.wait()` without one.
///
/// Nothing happens before. Once it was polled, dropping it doesn't undo what was asked for: a write is written, and
/// its events are delivered.
#[must_use = "nothing happens until this is awaited, or with `.wait()`"]
pub struct Waiting<T> {
    future: Pin<Box<dyn Future<Output = Result<T>> + Send>>,
    /// The database, and where the call is written.
    call: Option<(Arc<Open>, &'static Location<'static>)>,
}

/// How long a `.wait()` waits before it says so.
pub(crate) const LATE: Duration = Duration::from_secs(5);

impl<T> Waiting<T> {
    pub(crate) fn new(future: impl Future<Output = Result<T>> + Send + 'static) -> Self {
        Self { future: Box::pin(future), call: None }
    }

    pub(crate) fn on(
        database: Arc<Open>,
        place: &'static Location<'static>,
        future: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Self {
        Self { call: Some((database, place)), ..Self::new(future) }
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
    /// A wait of 5 seconds is a line on standard error, which names the place of this call and that of the closure which
    /// has its turn: what waits in a circle never ends.
    ///
    /// # Errors
    /// Those of the method that returned this.
    pub fn wait(self) -> Result<T> {
        let Self { future, call } = self;
        delivery::block_on(future, || {
            if let Some((database, place)) = &call {
                database.core.report_late(place);
            }
        })
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
