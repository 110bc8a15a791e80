//! Whether this thread is in the middle of a call, of which app, and how many calls deep.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;

use crate::dispatch::host::Inner;

thread_local! {
    static INNERMOST: Cell<Innermost> = const { Cell::new(Innermost { app: std::ptr::null(), depth: 0 }) };
}

/// The innermost call that is running on a thread.
#[derive(Clone, Copy)]
struct Innermost {
    /// The address of its app, or null.
    app: *const Inner,
    /// How many calls are running, each in an implementation of the one before.
    depth: usize,
}

/// Marks this thread as inside a call of an app, until it is dropped. An asynchronous call is marked
/// anew around each poll, since it can change threads in between.
pub(crate) struct Inside {
    app: *const Inner,
    outer: Innermost,
}

impl Inside {
    #[inline]
    pub(crate) fn enter(app: &Inner) -> Self {
        let outer = INNERMOST.get();
        INNERMOST.set(Innermost { app, depth: outer.depth + 1 });
        Self { app, outer }
    }

    /// How many calls are running on this thread, each in an implementation of the one before. The first is at depth 1.
    #[inline]
    pub(crate) fn depth(&self) -> usize {
        self.outer.depth + 1
    }

    /// Whether the thread was inside a call before.
    #[inline]
    pub(crate) fn is_nested(&self) -> bool {
        self.outer.depth > 0
    }

    /// Whether that was a call of the same app.
    #[inline]
    pub(crate) fn is_of_same_app(&self) -> bool {
        std::ptr::eq(self.outer.app, self.app)
    }

    pub(crate) fn any() -> bool {
        depth() > 0
    }

    #[inline]
    pub(crate) fn of(app: &Inner) -> bool {
        std::ptr::eq(INNERMOST.get().app, app)
    }
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        INNERMOST.set(self.outer);
    }
}

/// The depth of the innermost call, or 0.
#[inline]
pub(crate) fn depth() -> usize {
    INNERMOST.get().depth
}

/// Runs a future with this thread marked while it is polled.
pub(crate) async fn marked<F: Future>(app: &Inner, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        let _inside = Inside::enter(app);
        future.as_mut().poll(context)
    })
    .await
}
