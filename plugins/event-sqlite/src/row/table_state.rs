//! State that the writer and the store share: whether an event's row was written before its delivery, how many rows were
//! written, and why others can't be.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_journal::waiting::ChangeSignal;
use uuid::Uuid;

use crate::error::Error;

#[derive(Default)]
pub(crate) struct TableState {
    /// For followers.
    pub(crate) changes: Arc<ChangeSignal>,
    written: AtomicU64,
    refused: AtomicU64,
    failing: Mutex<Option<Error>>,
}

impl TableState {
    /// Whether the event whose turn it is on this thread has this id, and its row was written before.
    pub(crate) fn is_ahead(&self, id: impl FnOnce() -> Uuid) -> bool {
        AHEAD.get().is_some_and(|(table_state, ahead)| std::ptr::eq(table_state, self) && ahead == id())
    }

    pub(crate) fn add_written(&self, rows: usize) {
        if rows > 0 {
            self.written.fetch_add(rows as u64, Ordering::Relaxed);
            self.changes.publish();
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

    /// Remembers what keeps events from being written, or that nothing does.
    pub(crate) fn set_failing(&self, error: Option<Error>) {
        *lock(&self.failing) = error;
    }

    pub(crate) fn failing(&self) -> Option<Error> {
        lock(&self.failing).clone()
    }
}

thread_local! {
    /// The event that is being delivered on this thread, if its row is written already, and the store that has it.
    static AHEAD: Cell<Option<(*const TableState, Uuid)>> = const { Cell::new(None) };
}

/// Runs the delivery of an event whose row was written together with something else.
pub(crate) async fn written_ahead<F: Future>(
    table_state: Option<&Arc<TableState>>,
    id: Uuid,
    delivery: F,
) -> F::Output {
    let mut delivery = pin!(delivery);
    poll_fn(|context| {
        let _ahead =
            Ahead { before: AHEAD.replace(table_state.map(|table_state| (Arc::as_ptr(table_state), id))) };
        delivery.as_mut().poll(context)
    })
    .await
}

struct Ahead {
    before: Option<(*const TableState, Uuid)>,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        AHEAD.set(self.before);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
