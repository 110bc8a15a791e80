//! A log that implementations write to and tests read: state of an app of its own.

use std::sync::{Arc, Mutex, PoisonError};

use event_core::App;

#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub fn add(&self, entry: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry.into());
    }

    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Adds an entry to the app's log.
pub fn log(app: &App, entry: impl Into<String>) {
    app.state::<Log>().expect("the test put a log into the app").add(entry);
}

/// Takes what was logged so far.
pub fn logged(app: &App) -> Vec<String> {
    app.state::<Log>().expect("the test put a log into the app").take()
}
