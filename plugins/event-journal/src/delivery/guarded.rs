//! Code of the application's outside of its implementations, which may panic: how an event is read, what happens when a value
//! is dropped.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

pub(crate) use crate::waiting::{contained as guarded, discard};

/// The future's output, or the message of its panic.
pub(crate) async fn guarded_future<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    poll_fn(|context| match guarded(|| future.as_mut().poll(context)) {
        Ok(polled) => polled.map(Ok),
        Err(message) => Poll::Ready(Err(message)),
    })
    .await
}
