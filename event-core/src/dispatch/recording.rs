//! Tracked events, kept for a test.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::dispatch::waiters::Waiters;
use crate::event::tracked::AnyTracked;

#[derive(Default)]
pub(crate) struct Recording {
    events: Mutex<Vec<Arc<dyn AnyTracked>>>,
    pub(crate) waiting: Waiters,
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.events().iter().map(|event| event.name().to_owned())).finish()
    }
}

impl Recording {
    pub(crate) fn add(&self, event: Arc<dyn AnyTracked>) {
        self.events().push(event);
        self.waiting.wake();
    }

    pub(crate) fn events(&self) -> MutexGuard<'_, Vec<Arc<dyn AnyTracked>>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
