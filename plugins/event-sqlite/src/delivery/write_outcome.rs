//! What the caller of a write learns: its value, and apart from that what became of its events.

use event_core::{Failure, Receipt};

/// What a write gave, and what became of the events that it tracked.
///
/// The write is committed, and its events happened, whatever became of their implementations. Each failure also went to the
/// app's failure handler, for callers that don't look at it here.
#[derive(Debug)]
pub struct Written<T> {
    /// What the closure returned.
    pub value: T,
    /// The outcome for each event that the closure tracked, in order: a receipt, or the error of an `essential`
    /// implementation, after which the rest of that event's implementations weren't called.
    pub deliveries: Vec<event_core::Result<Receipt>>,
}

impl<T> Written<T> {
    /// The implementations that failed on any of the events, those that refused one included.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.deliveries.iter().flat_map(|delivery| match delivery {
            Ok(receipt) => receipt.failures(),
            Err(event_core::Error::Refused(failure)) => std::slice::from_ref(failure),
            Err(_) => &[],
        })
    }

    /// The value, or an error if any implementation failed on any of the events. The write is committed either way.
    ///
    /// # Errors
    /// `Failed` with all failures; the first of any other errors.
    pub fn strict(self) -> event_core::Result<T> {
        let failures: Vec<_> = self.failures().cloned().collect();
        if !failures.is_empty() {
            return Err(event_core::Error::Failed(failures));
        }
        for delivery in self.deliveries {
            delivery?;
        }
        Ok(self.value)
    }
}
