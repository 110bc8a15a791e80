//! Which tasks wait for a change: one waker each, for as long as the task waits.

use std::collections::BTreeMap;
use std::task::Waker;

/// The wakers of those who wait. It is kept under a lock, and gives out what is to be dropped or woken outside of it.
#[derive(Default)]
pub struct Waiters {
    wakers: BTreeMap<u64, Waker>,
    last: u64,
}

/// What one task keeps while it waits.
#[derive(Default)]
pub struct Place(Option<u64>);

impl Waiters {
    /// Has this waker woken at the next change, instead of the one that the task had before.
    #[must_use = "a waker is the application's, and isn't dropped under a lock"]
    pub fn register(&mut self, place: &mut Place, waker: &Waker) -> Option<Waker> {
        let place = *place.0.get_or_insert_with(|| {
            self.last += 1;
            self.last
        });
        match self.wakers.get(&place) {
            Some(before) if before.will_wake(waker) => None,
            _ => self.wakers.insert(place, waker.clone()),
        }
    }

    /// The task doesn't wait any more.
    #[must_use = "a waker is the application's, and isn't dropped under a lock"]
    pub fn remove(&mut self, place: &mut Place) -> Option<Waker> {
        self.wakers.remove(&place.0.take()?)
    }

    /// All of them, in the order in which they came.
    pub fn take(&mut self) -> impl Iterator<Item = Waker> + use<> {
        std::mem::take(&mut self.wakers).into_values()
    }
}

impl Place {
    /// Whether the task waits.
    pub fn is_taken(&self) -> bool {
        self.0.is_some()
    }
}
