//! Every tracked event in a SQLite file that survives crash and power loss, and databases whose writes track.

mod app;
mod database;
mod delivery;
mod error;
mod log;
mod news;
mod row;
mod settings;
mod store;
mod waiting;
mod written;

use event_core::Tracked;
use event_core::prelude::*;
pub use rusqlite;

use crate::app::Sqlite;
pub use crate::app::{Databases, SqliteExt};
pub use crate::database::{Database, DatabaseOptions, Synchronous, TrackedInTx, Tx};
pub use crate::delivery::{Delivery, Spawner};
pub use crate::error::{Error, OpenError, Result};
use crate::store::schema::{self, Place};
pub use crate::store::{EventStream, Events, Follow, FromColumns, Status, Store, Stored, StoredOf};
pub use crate::waiting::Waiting;
pub use crate::written::Written;

event_core::plugin!();

/// Opens the databases that are configured, so that a mistake in them keeps the app from starting.
///
/// # Errors
/// When the section isn't what this plugin reads, or a file can't be opened.
#[hookimpl(startup, tryfirst)]
pub fn open_databases(app: &App) -> Result<()> {
    Sqlite::of(app)?.keeper().map(drop)
}

/// Does what has to wait until the application has started: makes the view `datasette_events` where the store is in one
/// of the application's databases, unless the application has made something of that name, and removes old events.
///
/// # Errors
/// When the database can't be written to.
#[hookimpl(startup, trylast)]
pub async fn finish_opening(app: &App) -> Result<()> {
    let Some(keeper) = Sqlite::of(app)?.keeper()? else { return Ok(()) };
    if keeper.place == Place::Shared && keeper.wants_view {
        let database = app.store()?.database().clone();
        let path = database.path().to_owned();
        let made = database.write(move |tx| schema::make_view(tx, &path)).await?;
        keeper.set_has_view(made.value);
    }
    if let Some(retention) = &keeper.retention {
        retention.look_if_due(app);
    }
    Ok(())
}

/// Keeps the event. A failure refuses it: its caller gets the error, and nobody after this hears of it.
///
/// # Errors
/// When the event can't be written.
#[hookimpl(track_event, tryfirst, essential)]
pub async fn keep_event(app: &App, event: &Tracked) -> Result<()> {
    let Some(keeper) = Sqlite::of(app)?.keeper()? else { return Ok(()) };
    keeper.keep(event).await?;
    if let Some(retention) = &keeper.retention {
        retention.look_if_due(app);
    }
    Ok(())
}

/// The `seq` of the first event that the implementation's plugin still needs, because it has yet to deliver it: the
/// store's retention keeps that one and all after it. `i64::MAX` where none is needed.
///
/// Called before old events are removed. A failure keeps all of them until the next time.
#[hookspec]
pub fn events_needed_from(app: &App) -> i64;

/// Writes everything that waits, and closes the databases.
///
/// # Errors
/// When the deadline came before everything was written.
#[hookimpl(shutdown)]
pub async fn close_databases(app: &App) -> Result<()> {
    Sqlite::of(app)?.close().await
}
