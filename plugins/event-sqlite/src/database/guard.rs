//! What keeps a closure from ending the transaction that it shares with others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// Refuses `BEGIN`, `COMMIT` and `ROLLBACK` on its connection while a closure runs.
///
/// A `COMMIT` there would make half of a batch permanent, and those whose half it is would be told the contrary.
pub(crate) struct Guard {
    closure_runs: Arc<AtomicBool>,
}

impl Guard {
    pub(crate) fn of(connection: &mut Connection) -> rusqlite::Result<Self> {
        let closure_runs = Arc::new(AtomicBool::new(false));
        let seen = closure_runs.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| match context.action {
            AuthAction::Transaction { .. } if seen.load(Ordering::Relaxed) => Authorization::Deny,
            _ => Authorization::Allow,
        }))?;
        Ok(Self { closure_runs })
    }

    /// Runs something that doesn't panic.
    pub(crate) fn run<T>(&self, closure: impl FnOnce() -> T) -> T {
        self.closure_runs.store(true, Ordering::Relaxed);
        let value = closure();
        self.closure_runs.store(false, Ordering::Relaxed);
        value
    }
}
