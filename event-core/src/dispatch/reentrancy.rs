//! Whether this thread is in the middle of a call, of which app, and how many calls deep.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;

use crate::dispatch::host::Inner;
use crate::dispatch::in_flight::Caller;

thread_local! {
    /// The address of the innermost app whose call is running on this thread, or null.
    static INNERMOST: Cell<*const Inner> = const { Cell::new(std::ptr::null()) };
    /// How many calls are running in an implementation of another one.
    static NESTED: Cell<usize> = const { Cell::new(0) };
}

/// Whether a call runs in an implementation of another one, on the same thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nesting {
    Outermost,
    Nested,
}

/// Marks this thread as inside a call of an app, until it is dropped. An asynchronous call is marked
/// anew around each poll, since it can change threads in between.
pub(crate) struct Inside {
    app: *const Inner,
    outer: *const Inner,
}

impl Inside {
    #[inline]
    pub(crate) fn enter(app: &Inner) -> Self {
        // Not `INNERMOST.replace`, which takes more instructions.
        Self { app, outer: INNERMOST.with(|innermost| innermost.replace(app)) }
    }

    /// Counts the call, if the thread was inside one before. Separate from [`enter`](Self::enter), since most calls aren't.
    #[inline]
    pub(crate) fn count(&self) -> Option<Counted> {
        (self.nesting() == Nesting::Nested).then(Counted::new)
    }

    /// Whether the thread was inside a call before.
    #[inline]
    pub(crate) fn nesting(&self) -> Nesting {
        Nesting::below(self.outer)
    }

    /// Whether that was a call of the same app.
    #[inline]
    pub(crate) fn caller(&self) -> Caller {
        Caller::below(self.outer, self.app)
    }
}

impl Nesting {
    /// Of a call that this thread would make now.
    pub(crate) fn of_next_call() -> Self {
        Self::below(INNERMOST.get())
    }

    #[inline]
    fn below(outer: *const Inner) -> Self {
        if outer.is_null() { Self::Outermost } else { Self::Nested }
    }
}

impl Caller {
    /// Of a call of this app that this thread would make now.
    #[inline]
    pub(crate) fn of_next_call(app: &Inner) -> Self {
        Self::below(INNERMOST.get(), app)
    }

    #[inline]
    fn below(outer: *const Inner, app: *const Inner) -> Self {
        if std::ptr::eq(outer, app) { Self::SameApp } else { Self::Outside }
    }
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        INNERMOST.with(|innermost| innermost.set(self.outer));
    }
}

/// A call in an implementation of another one, until it is dropped.
pub(crate) struct Counted(());

impl Counted {
    fn new() -> Self {
        NESTED.set(NESTED.get() + 1);
        Self(())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        NESTED.set(NESTED.get() - 1);
    }
}

/// How many calls are running on this thread in an implementation of another one.
#[inline]
pub(crate) fn nested() -> usize {
    NESTED.get()
}

/// Runs a future with this thread marked while it is polled.
pub(crate) async fn marked<F: Future>(app: &Inner, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        let inside = Inside::enter(app);
        let _counted = inside.count();
        future.as_mut().poll(context)
    })
    .await
}
