//! Tracked events, kept for a test.

use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::dispatch::waiters::Waiters;
use crate::event::tracked::AnyTracked;

pub(crate) struct Recording {
    /// Where a test called [`App::recorder`](crate::App::recorder) first.
    pub(crate) began: &'static Location<'static>,
    events: Mutex<Vec<Arc<dyn AnyTracked>>>,
    pub(crate) waiting: Waiters,
}

impl Recording {
    pub(crate) fn new(began: &'static Location<'static>) -> Self {
        Self { began, events: Mutex::default(), waiting: Waiters::default() }
    }

    pub(crate) fn add(&self, event: Arc<dyn AnyTracked>) {
        self.events().push(event);
        self.waiting.wake();
    }

    pub(crate) fn events(&self) -> MutexGuard<'_, Vec<Arc<dyn AnyTracked>>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
