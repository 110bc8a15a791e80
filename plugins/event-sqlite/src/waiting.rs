//! How code waits for a database, with and without a runtime.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::delivery;
use crate::error::Result;

/// What a database does on threads of its own: `.await` it in any runtime, or `.wait()` without one.
///
/// Nothing happens before. Once it was polled, dropping it doesn't undo what was asked for: a write is written, and
/// its events are delivered.
#[must_use = "nothing happens until this is awaited, or with `.wait()`"]
pub struct Waiting<T>(Pin<Box<dyn Future<Output = Result<T>> + Send>>);

impl<T> Waiting<T> {
    pub(crate) fn new(future: impl Future<Output = Result<T>> + Send + 'static) -> Self {
        Self(Box::pin(future))
    }

    /// Waits on this thread.
    ///
    /// Serves inside an implementation that is an `fn`, too: the threads that do the work wait for no
    /// implementation. Only where a write's events are delivered by a [`Spawner`](crate::Spawner) must the runtime's
    /// own thread `.await` instead.
    ///
    /// # Errors
    /// Those of the method that returned this.
    pub fn wait(self) -> Result<T> {
        delivery::block_on(self)
    }
}

impl<T> Future for Waiting<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        self.0.as_mut().poll(context)
    }
}

impl<T> std::fmt::Debug for Waiting<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waiting")
    }
}
