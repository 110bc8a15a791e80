//! Whether this thread is in the middle of a closure of a database, and of which one.

use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};

/// What tells one open database from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id(u64);

impl Id {
    pub(crate) fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

thread_local! {
    /// A thread belongs to one database at most, for the whole of its life.
    static INSIDE: Cell<Option<(Id, Side)>> = const { Cell::new(None) };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Writes,
    Reads,
}

/// Marks this thread as one that runs the closures of a database.
pub(crate) fn enter(database: Id, side: Side) {
    INSIDE.set(Some((database, side)));
}

/// An error where a write to the database would wait for the closure that asks for it.
pub(crate) fn may_write(database: Id, path: &Path) -> Result<()> {
    match INSIDE.get() {
        Some((inside, Side::Writes)) if inside == database => Err(Error::Inside { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// An error where a read could wait for the closure that asks for it: in a closure that reads, all readers may be in
/// such closures; in one that writes, it would not see what was written.
pub(crate) fn may_read(database: Id, path: &Path) -> Result<()> {
    match INSIDE.get() {
        Some((inside, _)) if inside == database => Err(Error::Inside { path: path.to_owned() }),
        _ => Ok(()),
    }
}
