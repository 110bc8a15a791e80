//! How many writes caused the current work of this thread: each was asked for inside of the closure or the delivery of the
//! one before.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Nought where no delivery and no closure of a write runs on this thread.
pub fn depth() -> u32 {
    DEPTH.get()
}

/// Marks this thread until it is dropped.
#[must_use = "the mark is gone when this is dropped"]
#[derive(Debug)]
pub struct At {
    before: u32,
}

impl At {
    /// Work of this thread is inside of so many writes.
    pub fn depth(depth: u32) -> Self {
        Self { before: DEPTH.replace(depth) }
    }
}

impl Drop for At {
    fn drop(&mut self) {
        DEPTH.set(self.before);
    }
}

/// Runs a future with the thread marked while it is polled.
pub async fn at_depth<F: Future>(depth: u32, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        let _at = At::depth(depth);
        future.as_mut().poll(context)
    })
    .await
}
