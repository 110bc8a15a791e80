//! The store: every tracked event as a row.

mod appender;
mod done;
mod journal;
mod query;
mod refusals;
mod retention;
pub(crate) mod schema;
mod settings;
mod status;
pub(crate) mod view;

use std::panic::Location;
use std::sync::Arc;

use event_journal::waiting::ChangeSignal;

pub(crate) use self::appender::Appender;
pub use self::done::DeliveryExt;
pub(crate) use self::journal::StoreJournal;
pub(crate) use self::refusals::{check_none_after_the_store, keeps_events};
use self::retention::Retention;
pub use self::retention::events_needed_from;
pub(crate) use self::settings::StoreSettings;
pub use self::status::Status;
use crate::database::Database;
use crate::error::Waiting;

/// The store in SQLite: `app.sqlite_store()`. A cheap clone.
///
/// Its events are read back with [`JournalExt::store`](crate::JournalExt::store), as those of every journal. Here is what is
/// SQLite's own.
#[derive(Clone)]
pub struct SqliteStore {
    database: Database,
    appender: Arc<Appender>,
}

impl SqliteStore {
    pub(crate) fn new(database: Database, appender: Arc<Appender>) -> Self {
        Self { database, appender }
    }

    /// Removes the events that are older than `keep_days`, and those that are more than `keep_rows`, in small steps
    /// between which others write; gives how many that were. Where neither is set, none is.
    ///
    /// The store does so by itself, about once a minute while events are tracked.
    ///
    /// # Errors
    /// When the database can't be read or written, or an implementation of
    /// [`events_needed_from`](crate::events_needed_from) failed.
    #[track_caller]
    pub fn remove_old(&self) -> Waiting<u64> {
        let store = self.clone();
        Waiting::on(
            self.database.writes(),
            Location::caller(),
            async move { retention::remove_old(&store).await },
        )
    }

    /// How the store is doing.
    pub fn status(&self) -> Status {
        self.appender.status()
    }

    /// Removes old events in the background, if it is time to look for some.
    pub(crate) fn remove_old_if_due(&self) {
        if let Some(retention) = self.retention() {
            retention.look_if_due(self);
        }
    }

    fn retention(&self) -> Option<&Retention> {
        self.appender.retention.as_ref()
    }

    /// Published after each commit.
    pub(crate) fn changes(&self) -> &Arc<ChangeSignal> {
        &self.appender.table_state().changes
    }

    /// The database that the events are in.
    pub fn database(&self) -> &Database {
        &self.database
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("database", &self.database).finish_non_exhaustive()
    }
}
