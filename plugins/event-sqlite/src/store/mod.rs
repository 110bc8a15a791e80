//! The store: every tracked event as a row.

mod appender;
mod events;
mod follow;
mod journal;
mod query;
mod refusals;
mod retention;
pub(crate) mod schema;
mod settings;
mod status;
mod stored;
pub(crate) mod view;

use std::panic::Location;
use std::sync::Arc;

use event_core::{Event, EventType};
use event_journal::waiting::ChangeSignal;
use serde::de::DeserializeOwned;

pub(crate) use self::appender::Appender;
pub use self::events::{EventStream, Events};
pub use self::follow::Follow;
pub(crate) use self::journal::StoreJournal;
pub(crate) use self::refusals::{check_none_after_the_store, keeps_events};
use self::retention::Retention;
pub use self::retention::events_needed_from;
pub(crate) use self::settings::StoreSettings;
pub use self::status::Status;
pub use self::stored::{FromColumns, Stored, StoredOf};
use crate::database::Database;
use crate::error::Waiting;

/// The store that keeps an app's events: `app.store()`. A cheap clone.
///
/// ```
/// use event_core::prelude::*;
/// use event_sqlite::SqliteExt;
///
/// #[derive(Event, serde::Deserialize)]
/// struct BanUser {
///     user: String,
/// }
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("store.db");
/// # let config = json!({ "plugins": { "event-sqlite": { "store": { "path": path } } } });
/// # let app = App::builder()
/// #     .without_linked()
/// #     .event::<BanUser>()
/// #     .hook(event_sqlite::open_databases)
/// #     .hook(event_sqlite::keep_event)
/// #     .hook(event_sqlite::close_databases)
/// #     .config(config)
/// #     .start()
/// #     .wait()?;
/// for user in ["mallory", "eve"] {
///     app.track(BanUser { user: user.into() }).by(Actor::new("root")).wait()?;
/// }
/// let latest = app.store()?.events().name("ban-*").actor("root").newest_first().limit(10).list().wait()?;
/// assert_eq!(latest[0].properties["user"], "eve");
///
/// for ban in app.store()?.events_of::<BanUser>().stream().wait() {
///     let ban = ban?;
///     println!("{}: {} was banned by {:?}", ban.seq, ban.user, ban.actor);
/// }
/// # app.shutdown().wait()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Store {
    database: Database,
    appender: Arc<Appender>,
}

impl Store {
    pub(crate) fn new(database: Database, appender: Arc<Appender>) -> Self {
        Self { database, appender }
    }

    /// The events that are kept, of any type.
    pub fn events(&self) -> Events {
        Events::new(self.clone())
    }

    /// The events of type `E`, which must also derive serde's `Deserialize`. The attributes that write a field are read
    /// with the same meaning; a row that isn't what `E` reads, such as one of an older version, is an error of that
    /// row.
    pub fn events_of<E: Event + DeserializeOwned>(&self) -> Events<StoredOf<E>> {
        Events::new(self.clone()).name(EventType::of::<E>().name())
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

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("database", &self.database).finish_non_exhaustive()
    }
}
