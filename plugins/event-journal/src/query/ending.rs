//! How those who follow a journal learn that the app is shut down.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;

use crate::waiting::{Place, Waiters, discard, wake_all};

/// Whether the app is shut down.
#[derive(Default)]
pub(crate) struct Ending(Mutex<State>);

#[derive(Default)]
struct State {
    is_over: bool,
    waiting: Waiters,
}

impl Ending {
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.is_over = true;
        let waiting = state.waiting.take();
        drop(state);
        wake_all(waiting);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task that waits for the end. Dropped, it leaves no waker behind.
pub(crate) struct AwaitsEnd {
    ending: Arc<Ending>,
    place: Place,
}

impl AwaitsEnd {
    pub(crate) fn of(ending: Arc<Ending>) -> Self {
        Self { ending, place: Place::default() }
    }

    /// Whether the end has come. Otherwise the task is woken then.
    pub(crate) fn poll_is_over(&mut self, context: &mut Context<'_>) -> bool {
        let mut state = self.ending.lock();
        if state.is_over {
            return true;
        }
        let before = state.waiting.register(&mut self.place, context.waker());
        drop(state);
        discard(before);
        false
    }
}

impl Drop for AwaitsEnd {
    fn drop(&mut self) {
        if self.place.is_taken() {
            let waker = self.ending.lock().waiting.remove(&mut self.place);
            discard(waker);
        }
    }
}
