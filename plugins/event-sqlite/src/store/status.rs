//! How the store is doing.

use crate::error::Error;

/// How the store is doing, for a health check or a metric: `store.status()`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// Events and writes that wait for the store's database, those that are being written included.
    pub waiting: usize,
    /// Rows that this process wrote.
    pub written: u64,
    /// Events without a waiting caller (`ack = "enqueued"`) that the table refused, for instance by a trigger of the
    /// application. Each is a line on standard error.
    pub refused: u64,
    /// Why the last event couldn't be written, if it was the disk's or a file's fault. A second after that is mended it
    /// is `None`. With `ack = "enqueued"` events wait in memory meanwhile; with `ack = "commit"` each is refused.
    pub failing: Option<Error>,
    /// Whether the view `datasette_events` is there. Not so where it is switched off, or where the application has
    /// something of that name.
    pub has_view: bool,
}
