//! Whether this thread runs a closure of a database, and of which one.

use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};

/// Identifies an open database.
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

/// An error if a write to the database would wait for its own closure.
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

/// Which databases' closures wait for a write to which others, in the whole process.
static WAITS: Mutex<Vec<(Id, Id)>> = Mutex::new(Vec::new());

/// A closure that writes, and that waits for a write to another database until this is dropped.
pub(crate) struct WaitsFor(Option<(Id, Id)>);

/// Notes that what runs on this thread waits for a write to `database`.
///
/// # Errors
/// An error if a closure of that database waits for the one that runs here, directly or through others: neither would end.
pub(crate) fn wait_for(database: Id, path: &Path) -> Result<WaitsFor> {
    let Some((inside, Side::Writes)) = INSIDE.get() else { return Ok(WaitsFor(None)) };
    let mut waits = waits();
    let mut reached = vec![database];
    let mut at = 0;
    while let Some(from) = reached.get(at).copied() {
        if from == inside {
            return Err(Error::Circle { path: path.to_owned() });
        }
        reached.extend(waits.iter().filter(|(waiting, _)| *waiting == from).map(|(_, next)| *next));
        at += 1;
    }
    waits.push((inside, database));
    Ok(WaitsFor(Some((inside, database))))
}

impl Drop for WaitsFor {
    fn drop(&mut self) {
        let Some(wait) = self.0 else { return };
        let mut waits = waits();
        if let Some(place) = waits.iter().position(|other| *other == wait) {
            waits.swap_remove(place);
        }
    }
}

fn waits() -> MutexGuard<'static, Vec<(Id, Id)>> {
    WAITS.lock().unwrap_or_else(PoisonError::into_inner)
}
