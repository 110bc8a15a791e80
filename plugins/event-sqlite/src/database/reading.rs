//! How many threads have the file open for reading, so that the writer can close it after them.

use std::sync::Arc;
use std::time::Instant;

use event_journal::sync::Monitor;

/// Counts the threads that read. SQLite moves the write-ahead log into the file when the last connection is closed,
/// unless that connection is read-only.
#[derive(Default)]
pub(crate) struct Readings(Arc<Monitor<usize>>);

/// One thread that reads. Taken before the thread starts, and dropped after its connection.
pub(crate) struct Reading(Arc<Monitor<usize>>);

impl Readings {
    pub(crate) fn start(&self) -> Reading {
        *self.0.lock() += 1;
        Reading(self.0.clone())
    }

    /// Waits until no thread reads, until `end` at most; gives whether none does.
    pub(crate) fn wait_for_none(&self, end: Instant) -> bool {
        let mut count = self.0.lock();
        while *count > 0 {
            let is_late;
            (count, is_late) = self.0.wait_until(count, end);
            if is_late {
                return *count == 0;
            }
        }
        true
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.notify_one();
    }
}
