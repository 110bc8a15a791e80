//! How far the delivery of a write's events is, for a caller that waits long.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use event_core::plugin::Pending;

/// Shared by a write's caller and the delivery of its events.
#[derive(Default)]
pub(crate) struct Progress(Mutex<Option<Delivering>>);

struct Delivering {
    events: usize,
    delivered: usize,
    /// What the event that is being delivered waits for.
    pending: Option<Pending>,
}

impl Progress {
    /// The write is committed.
    pub(crate) fn begin(&self, events: usize) {
        *self.lock() = Some(Delivering { events, delivered: 0, pending: None });
    }

    pub(crate) fn set_pending(&self, pending: Option<Pending>) {
        if let Some(delivering) = &mut *self.lock() {
            delivering.pending = pending;
        }
    }

    pub(crate) fn add_delivered(&self) {
        if let Some(delivering) = &mut *self.lock() {
            delivering.delivered += 1;
            delivering.pending = None;
        }
    }

    /// What the caller of a committed write waits for; `None` while the write isn't committed.
    pub(crate) fn waits_for(&self) -> Option<String> {
        self.lock().as_ref().map(ToString::to_string)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Delivering>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Delivering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, delivered, pending } = self;
        write!(f, "the write is committed, and {delivered} of its {events} events are delivered: ")?;
        match pending {
            Some(pending) => pending.fmt(f),
            None => f.write_str("an implementation of the next one hasn't ended"),
        }
    }
}
