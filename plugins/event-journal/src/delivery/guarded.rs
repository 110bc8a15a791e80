//! Code of the application's outside of its implementations, which may panic: how an event is read, what happens when a value
//! is dropped.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use event_core::plugin::panic_text;

/// What the code gives, or the message of its panic.
pub(crate) fn guarded<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|payload| {
        let text = panic_text(&*payload).to_owned();
        // A payload can panic when it is dropped, with another one.
        if let Err(another) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
            std::mem::forget(another);
        }
        text
    })
}

/// Drops a value of the application's.
pub(crate) fn discard<T>(value: T) {
    // The panic hook has told it.
    let _ = guarded(move || drop(value));
}

/// The future's output, or the message of its panic.
pub(crate) async fn guarded_future<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    poll_fn(|context| match guarded(|| future.as_mut().poll(context)) {
        Ok(polled) => polled.map(Ok),
        Err(message) => Poll::Ready(Err(message)),
    })
    .await
}
