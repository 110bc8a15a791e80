//! A lock at which one can sleep. With `--cfg shuttle`, any order in which threads could take their turns is one that a
//! test may choose; see event-sqlite's `database/interleavings.rs`.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

#[cfg(not(shuttle))]
use std::sync::{Condvar, Mutex};
#[cfg(not(shuttle))]
pub use std::{sync::MutexGuard, thread};

#[cfg(shuttle)]
use shuttle::sync::{Condvar, Mutex};
#[cfg(shuttle)]
pub use shuttle::{sync::MutexGuard, thread};

/// What a thread waits for, and where it sleeps until then. Nothing that can panic runs under the lock.
#[derive(Default)]
pub struct Monitor<T> {
    state: Mutex<T>,
    changed: Condvar,
}

impl<T> Monitor<T> {
    pub fn new(state: T) -> Self {
        Self { state: Mutex::new(state), changed: Condvar::default() }
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn notify_one(&self) {
        self.changed.notify_one();
    }

    /// Sleeps until it is notified, or for no reason.
    pub fn wait<'g>(&self, guard: MutexGuard<'g, T>) -> MutexGuard<'g, T> {
        self.changed.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, until `end` at most; gives whether it is past that.
    #[cfg(not(shuttle))]
    pub fn wait_until<'g>(&self, guard: MutexGuard<'g, T>, end: Instant) -> (MutexGuard<'g, T>, bool) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return (guard, true);
        }
        let (guard, _) = self.changed.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner);
        (guard, false)
    }

    /// Shuttle has no time: what happens before the end is one more thing that the test chooses.
    #[cfg(shuttle)]
    pub fn wait_until<'g>(&'g self, guard: MutexGuard<'g, T>, _: Instant) -> (MutexGuard<'g, T>, bool) {
        use shuttle::rand::Rng;

        drop(guard);
        thread::yield_now();
        (self.lock(), shuttle::rand::thread_rng().gen_bool(0.5))
    }
}

/// Does nothing for this long at most.
pub fn pause(time: Duration) {
    #[cfg(not(shuttle))]
    thread::park_timeout(time);
    #[cfg(shuttle)]
    {
        let _ = time;
        thread::yield_now();
    }
}
