//! Every tracked event in a SQLite file that survives crash and power loss, and databases whose writes track.
//!
//! ```standalone_crate
//! event_core::plugins![event_sqlite];
//! # fn main() {}
//! ```
//!
//! With this line in an application, every event that it tracks is a row of the file `store.db` when `track` returns,
//! and on disk. Datasette opens that file as it is.
//!
//! # The store
//!
//! One row for each event, in the table `events`:
//!
//! | column | what it is |
//! |---|---|
//! | `seq` | the event's position: later ones are larger, and none is used twice |
//! | `id` | a UUID as text; the same event twice is one row, and another event with its id is refused |
//! | `name`, `version` | the event's name, and the version of its fields |
//! | `created` | RFC 3339, UTC, with microseconds: `2026-11-22T11:57:54.619377Z` |
//! | `actor_id` | the actor's `id` if that is a text or a number, as text |
//! | `actor`, `properties` | JSON objects; `actor` is null for an event without one |
//! | `context` | a JSON object with the [`Context`](event_core::Context) of the event, or null |
//!
//! The view `datasette_events` shows them as the plugin datasette-events-db for Datasette does: `id`, `event`, `created`,
//! `actor_id`, `database_name`, `table_name`, `properties`. If the application has a table or view of
//! that name, this one isn't made.
//!
//! The store is an implementation of `track_event` like any other, `essential` and the last of the essential ones (`trylast`): if
//! an event can't be stored, `track` returns the error, and no ordinary implementation acts on the event. An event that
//! another essential implementation refuses isn't stored. [`JournalExt::store`] of event-journal reads it back, as from every
//! journal:
//!
//! ```
//! use event_core::prelude::*;
//! use event_sqlite::JournalExt;
//!
//! #[derive(Event, serde::Deserialize)]
//! struct UserBanned {
//!     user: u64,
//! }
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("store.db");
//! # let config = json!({ "plugins": { "event-sqlite": { "store": { "path": path } } } });
//! # let builder = App::builder()
//! #     .without_linked()
//! #     .event::<UserBanned>()
//! #     .hook(event_sqlite::open_databases)
//! #     .hook(event_sqlite::open_journal)
//! #     .hook(event_sqlite::keep_event)
//! #     .hook(event_sqlite::close_databases)
//! #     .config(config);
//! # let app = builder.start().wait()?;
//! app.track(UserBanned { user: 17 }).by(Actor::new("root")).wait()?;
//!
//! let store = app.store()?;
//! for event in store.events().name("user-*").newest_first().limit(10).list().wait()? {
//!     println!("{} {} {}", event.seq, event.name, event.created);
//! }
//! let bans = store.events_of::<UserBanned>().list().wait()?;
//! assert_eq!(bans[0].user, 17);
//! # app.shutdown().wait()?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! [`stream`](event_journal::query::Events::stream) is for more events than fit in memory; [`follow`](event_journal::query::Events::follow)
//! waits for new ones, from this process or another. [`SqliteExt::sqlite_store`] has what is SQLite's own: the store's status and
//! its database. Where several plugins have a journal and `plugins.event-journal.journal` chooses another one, events are kept here
//! only if `[plugins.event-sqlite.store]` is in the settings.
//!
//! # What survives what
//!
//! | an event whose `track` returned | the process dies | the power goes |
//! |---|---|---|
//! | `ack = "commit"`, `synchronous = "full"` (without settings) | is there | is there |
//! | `ack = "commit"`, `synchronous = "normal"` | is there | may be lost |
//! | `ack = "enqueued"` | is lost if it was still in memory: up to `store.queue` events | may be lost |
//!
//! The receipt's `durability()` says `OnDisk` for the first and `Enqueued` for the others. With `ack = "enqueued"`, events
//! that can't be written wait in memory and are tried again; the queue is bounded, and when it is full, `track` waits.
//! None is dropped, except one that the table itself refuses (by a trigger of the application), which is a line on
//! standard error. Shutdown writes the queue, until its deadline. [`SqliteStore::status`] has the figures.
//!
//! # Databases
//!
//! An application's own databases are [configured](#settings), given before the start ([`Databases`]) or added later
//! ([`SqliteExt::add_database`]). Each has one thread that writes, in transactions that callers share if they wait at
//! the same time, and a few that read. The returned futures can be awaited in any runtime, and block none of its threads;
//! `.wait()` is for code without one.
//!
//! ```
//! use event_core::prelude::*;
//! use event_sqlite::{DatabaseOptions, SqliteExt};
//!
//! # let directory = tempfile::tempdir()?;
//! # let app = App::builder().without_linked().start().wait()?;
//! # let path = directory.path().join("app.db");
//! let db = app.add_database("app", DatabaseOptions::new(path))?;
//! db.execute_write("CREATE TABLE user (name TEXT UNIQUE, banned INTEGER)", ()).wait()?;
//! let renamed = db.write(|tx| {
//!     tx.execute("INSERT INTO user VALUES (?, false)", ("mallory",))?;
//!     Ok(tx.execute("UPDATE user SET name = 'eve' WHERE name = 'mallory'", ())?)
//! });
//! assert_eq!(renamed.wait()?.value, 1);
//! let name: String = db.read(|db| Ok(db.query_row("SELECT name FROM user", (), |row| row.get(0))?)).wait()?;
//! assert_eq!(name, "eve");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Writes that track
//!
//! An event that is tracked with [`Tx::track`] happens when the write is committed. If the write fails, it never
//! happened. Where the store is in the same database (`store.database = "app"`), its row is in the
//! same transaction, so that neither the data nor the event exists without the other.
//!
//! ```
//! use event_core::prelude::*;
//! use event_sqlite::SqliteExt;
//!
//! #[derive(Event)]
//! struct UserBanned {
//!     user: u64,
//! }
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("app.db");
//! let config = json!({ "plugins": { "event-sqlite": {
//!     "databases": { "app": { "path": path } },
//!     "store": { "database": "app" },
//! } } });
//! # let builder = App::builder()
//! #     .without_linked()
//! #     .event::<UserBanned>()
//! #     .hook(event_sqlite::open_databases)
//! #     .hook(event_sqlite::keep_event)
//! #     .hook(event_sqlite::close_databases)
//! #     .config(config);
//! # let app = builder.start().wait()?;
//! # let db = app.database("app")?;
//! # db.execute_write("CREATE TABLE user (banned)", ()).wait()?;
//! # db.execute_write("INSERT INTO user VALUES (false)", ()).wait()?;
//! let written = app.database("app")?.write(|tx| {
//!     if tx.execute("UPDATE user SET banned = true WHERE rowid = ?", (1,))? == 0 {
//!         return Err("there is no such user".into());
//!     }
//!     tx.track(UserBanned { user: 1 })?.by(Actor::new("root"));
//!     Ok(())
//! });
//! let written = written.wait()?;
//! assert_eq!(written.failures().count(), 0);
//! # app.shutdown().wait()?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! The events' implementations run after the commit, in the order of the calls, on threads of event-journal's that are in its tokio
//! runtime, as durable implementations are: timers, sockets and `tokio::spawn` work, with any caller. A closure that writes or
//! reads is in the runtime of its caller, or else in the one in which the app was started. The feature `tokio`, on by default, does
//! this. [`Written`] has their failures beside the value, and
//! the failure handler gets them, also that of an `essential` implementation: its refusal comes too late to undo the write. A caller that stops waiting loses nothing. A
//! wrapper that stops such an event keeps it from the other implementations; its row is part of the write, and stays.
//!
//! # Settings
//!
//! ```toml
//! [plugins.event-sqlite]
//! shutdown_ms = 10_000
//!
//! [plugins.event-sqlite.databases.app]
//! path = "data/app.db"
//! synchronous = "full"
//! busy_timeout_ms = 5_000
//! readers = 2
//!
//! [plugins.event-sqlite.store]
//! database = "app"
//! ack = "commit"
//! queue = 65_536
//! keep_days = 90
//! ```
//!
//! | key | meaning | without it |
//! |---|---|---|
//! | `shutdown_ms` | how many milliseconds shutdown may go on writing, in all databases at once; after that it reports what isn't written. Closing the files can take 2 seconds more, where one is in use | 10,000 |
//! | `databases.NAME.path` | the file, relative to the working directory at the time when this is read; missing directories are made | must be given |
//! | `databases.NAME.synchronous` | `"full"`: a commit waits for the disk; `"normal"`: only checkpoints do | `"full"` |
//! | `databases.NAME.busy_timeout_ms` | how long a write waits for another process's lock | 5,000 |
//! | `databases.NAME.readers` | how many reads run at the same time | 2 |
//! | `databases.NAME.mode` | the permissions of a new file in octal digits, as text; all who may read the file may enter a directory that is made for it | `"600"` |
//! | `store.enabled` | `false`: events aren't kept | `true` |
//! | `store.database` | the name of the database that the store is in | `"store"`, a database of its own |
//! | `store.path` | the file of the store's own database | `"store.db"` |
//! | `store.mode` | the permissions of that file | `"600"` |
//! | `store.ack` | when `track` returns: `"commit"`, or `"enqueued"` when the event is in the queue | `"commit"` |
//! | `store.queue` | how many events can wait; they also can't be larger than 64 MiB together | 65,536 |
//! | `store.keep_days` | older events are removed in small steps, up to the first that isn't older | all are kept |
//! | `store.keep_rows` | the oldest of more events than this are removed in small steps | all are kept |
//! | `store.view` | whether the store has a view `datasette_events` | `true` |
//!
//! Events go in steps of 500, between which others write, and never one that an implementation of
//! [`events_needed_from`] needs, or that a durable implementation still has to get, which a line on standard error says. The last
//! event that it got stays, too: by that one, a file is recognised that isn't the one of its position. The file doesn't get
//! smaller; SQLite uses the room again.

#![forbid(unsafe_code)]

mod app;
mod database;
mod delivery;
mod error;
mod log;
mod row;
mod settings;
mod store;

use event_core::Tracked;
use event_core::plugin::own_thread;
use event_core::prelude::*;
pub use event_journal::JournalExt;
use event_journal::OpenedJournal;
pub use rusqlite;

use crate::app::Sqlite;
pub use crate::app::{Databases, SqliteExt};
pub use crate::database::{Database, DatabaseOptions, Synchronous, TrackedInTx, Tx};
pub use crate::delivery::Written;
pub use crate::error::{Error, OpenError, Result, Waiting};
pub use crate::store::DeliveryExt;
pub use crate::store::events_needed_from;
use crate::store::schema::Place;
pub use crate::store::{SqliteStore, Status};
use crate::store::{StoreJournal, view};

event_core::plugin!();

/// Opens the databases that are configured, so that a mistake in them keeps the app from starting. Before event-journal opens the
/// store, or the mistake would look like one of its own.
///
/// # Errors
/// When the section is invalid, a file can't be opened, or an essential implementation comes after
/// [`keep_event`].
#[hookimpl(startup, tryfirst, before = "event-journal")]
pub fn open_databases(app: &App) -> Result<()> {
    match Sqlite::of(app)?.appender()? {
        Some(_) => store::check_none_after_the_store(app),
        None => Ok(()),
    }
}

/// Does what has to wait until the application has started: makes the view `datasette_events` where the store is in one
/// of the application's databases, unless the application has made something of that name, and removes old events.
///
/// # Errors
/// When the database can't be written to.
#[hookimpl(startup, trylast)]
pub async fn finish_opening(app: &App) -> Result<()> {
    let Some(appender) = Sqlite::of(app)?.appender()? else { return Ok(()) };
    if appender.place == Place::Shared && appender.wants_view {
        let database = app.sqlite_store()?.database().clone();
        let path = database.path().to_owned();
        let made = database.write(move |tx| view::make(tx, &path)).await?;
        appender.set_has_view(made.value);
    }
    if appender.retention.is_some() {
        app.sqlite_store()?.remove_old_if_due();
    }
    Ok(())
}

/// Keeps the event. A failure refuses it: its caller gets the error, and no ordinary implementation hears of it.
///
/// The last of the essential ones, so that an event which another of them refuses isn't kept.
///
/// # Errors
/// When the event can't be written.
#[hookimpl(track_event, essential, trylast)]
pub async fn keep_event(app: &App, event: &Tracked) -> Result<()> {
    let Some(appender) = Sqlite::of(app)?.appender_to_keep()? else { return Ok(()) };
    // What it waits for is the writer's thread, which waits for no implementation.
    own_thread(appender.keep(event)).await?;
    if appender.retention.is_some() {
        app.sqlite_store()?.remove_old_if_due();
    }
    Ok(())
}

/// The store as the journal of durable implementations, or why there is none.
///
/// # Errors
/// When the store can't be opened.
#[hookimpl(event_journal::open_journal)]
pub fn open_journal(app: &App) -> Result<OpenedJournal> {
    let sqlite = Sqlite::of(app)?;
    if sqlite.appender()?.is_none() {
        return Ok(OpenedJournal::off(env!("CARGO_PKG_NAME"), sqlite.no_store().to_string()));
    }
    let journal = StoreJournal::new(app, App::sqlite_store)?;
    Ok(OpenedJournal::new(env!("CARGO_PKG_NAME"), journal))
}

/// Writes everything that waits, and closes the databases.
///
/// # Errors
/// When the deadline came before everything was written.
#[hookimpl(shutdown)]
pub async fn close_databases(app: &App) -> Result<()> {
    Sqlite::of(app)?.close().await
}
