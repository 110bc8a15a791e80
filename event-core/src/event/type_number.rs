//! A number for each event type, the index of an app's table.

use std::sync::atomic::{AtomicUsize, Ordering};

/// An event type's number, the same for all apps of the process; given when the first app that knows the type starts.
/// A generic type has none: its static would be shared by all the types that are made of it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Number(AtomicUsize);

/// The number of a type that no app knows.
const NONE: usize = 0;

impl Number {
    #[doc(hidden)]
    pub const fn new() -> Self {
        Self(AtomicUsize::new(NONE))
    }

    /// Relaxed, since a caller that has the app has seen it start.
    #[inline]
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn get_or_give(&self) -> usize {
        static LAST: AtomicUsize = AtomicUsize::new(NONE);
        if self.get() == NONE {
            let new = LAST.fetch_add(1, Ordering::Relaxed) + 1;
            // Another app that starts may have been faster; then this number stays unused.
            let _ = self.0.compare_exchange(NONE, new, Ordering::Relaxed, Ordering::Relaxed);
        }
        self.get()
    }
}
