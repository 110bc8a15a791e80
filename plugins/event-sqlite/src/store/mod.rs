//! The store: every tracked event as a row.

mod keeper;
pub(crate) mod schema;

pub(crate) use self::keeper::Keeper;
use crate::database::Database;
use std::sync::Arc;

/// The store that keeps an app's events: `app.store()`. A cheap clone.
#[derive(Clone)]
pub struct Store {
    database: Database,
    keeper: Arc<Keeper>,
}

impl Store {
    pub(crate) fn new(database: Database, keeper: Arc<Keeper>) -> Self {
        Self { database, keeper }
    }

    /// The database that the events are in.
    pub fn database(&self) -> &Database {
        &self.database
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("database", &self.database).finish_non_exhaustive()
    }
}
