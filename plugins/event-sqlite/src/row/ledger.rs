//! What the writer and the store know together of the table: which ids are in it ahead of their event's turn, how
//! many rows were written, and what keeps the rest from it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::error::Error;
use crate::news::News;

#[derive(Default)]
pub(crate) struct Ledger {
    /// For those who follow.
    pub(crate) news: Arc<News>,
    written: AtomicU64,
    refused: AtomicU64,
    failing: Mutex<Option<Error>>,
    /// The events of writes that are committed, rows included, and whose implementations haven't all run.
    ahead: Mutex<HashSet<Uuid>>,
    /// Usually none: then nobody takes the lock.
    ahead_count: AtomicUsize,
}

impl Ledger {
    /// Says that the rows of these events are written, and that their turn to be tracked comes now; until the guard
    /// is dropped.
    pub(crate) fn write_ahead(self: &Arc<Self>, ids: Vec<Uuid>) -> Ahead {
        self.change_ahead(|ahead| ahead.extend(&ids));
        Ahead { ledger: self.clone(), ids }
    }

    fn change_ahead(&self, change: impl FnOnce(&mut HashSet<Uuid>)) {
        let mut ahead = lock(&self.ahead);
        change(&mut ahead);
        self.ahead_count.store(ahead.len(), Ordering::Release);
    }

    /// Whether the event's row was written before.
    pub(crate) fn is_ahead(&self, id: impl FnOnce() -> Uuid) -> bool {
        self.ahead_count.load(Ordering::Acquire) > 0 && lock(&self.ahead).contains(&id())
    }

    pub(crate) fn add_written(&self, rows: usize) {
        if rows > 0 {
            self.written.fetch_add(rows as u64, Ordering::Relaxed);
            self.news.publish();
        }
    }

    pub(crate) fn add_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Remembers what keeps rows from being written, or that nothing does; gives what it was before.
    pub(crate) fn set_failing(&self, error: Option<Error>) -> Option<Error> {
        std::mem::replace(&mut *lock(&self.failing), error)
    }

    pub(crate) fn failing(&self) -> Option<Error> {
        lock(&self.failing).clone()
    }
}

/// Events whose rows are written and whose turn isn't over.
pub(crate) struct Ahead {
    ledger: Arc<Ledger>,
    ids: Vec<Uuid>,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.ledger.change_ahead(|ahead| ahead.retain(|id| !self.ids.contains(id)));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
