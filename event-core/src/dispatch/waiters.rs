//! Tasks that wait for a change: one waker each, while the task waits.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::dispatch::pending::{self, What};

/// Tasks that wait for the same change.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    wakers: BTreeMap<u64, Waker>,
    next: u64,
}

impl Waiters {
    /// Waits until `ready` returns a value. It is called first, and after each [`wake`](Self::wake). `missing` says what isn't
    /// there yet.
    pub(crate) async fn until<T>(&self, ready: impl Fn() -> Option<T>, missing: impl Fn() -> What) -> T {
        let mut waiter = Waiter { all: self, place: None };
        poll_fn(|context| {
            if let Some(value) = ready() {
                return Poll::Ready(value);
            }
            waiter.register(context.waker());
            // Once more, now that a change would wake this task.
            if let Some(value) = ready() {
                return Poll::Ready(value);
            }
            pending::note(&missing);
            Poll::Pending
        })
        .await
    }

    pub(crate) fn wake(&self) {
        let wakers = std::mem::take(&mut self.lock().wakers);
        wakers.into_values().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task that waits. Dropped, it leaves no waker behind.
struct Waiter<'a> {
    all: &'a Waiters,
    place: Option<u64>,
}

impl Waiter<'_> {
    fn register(&mut self, waker: &Waker) {
        let mut waiting = self.all.lock();
        let place = *self.place.get_or_insert_with(|| {
            waiting.next += 1;
            waiting.next
        });
        let before = waiting.wakers.insert(place, waker.clone());
        // A waker is foreign code, and must not run under the lock.
        drop(waiting);
        drop(before);
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let waker = self.all.lock().wakers.remove(&place);
        drop(waker);
    }
}
