//! The store's tables, and how an older file is migrated.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use crate::error::{Error, Result};
use crate::store::StoreSettings;
use crate::store::view;

/// Each brings a file from the version of its index to the next. What was released stays as it is.
///
/// - `seq` never comes twice, also after the newest rows were deleted (AUTOINCREMENT), or a reader that remembers how
///   far it got would miss events.
/// - `id` is text, since people read it in Datasette and look for what is in their logs. 16 bytes would be written 1.13 ×
///   as fast, into a file 0.79 × as large.
/// - The index has `seq` at its end, as every index of SQLite's: the newest events of a name are its last entries.
/// - A column that comes later stands at the end and can be null: a program of an earlier version that has the file open
///   goes on inserting and reading.
const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    created TEXT NOT NULL,
    actor_id TEXT,
    actor TEXT,
    properties TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_name ON events (name);
",
    "ALTER TABLE main.events ADD COLUMN context TEXT;",
    // How far durable implementations have got. The identity tells this log from another one that takes its place.
    "
CREATE TABLE main.event_sqlite_state (
    key TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE main.event_sqlite_journal (identity TEXT NOT NULL, last_version INTEGER NOT NULL) STRICT;
INSERT INTO main.event_sqlite_journal VALUES (lower(hex(randomblob(16))), 0);
",
];

/// By which the table is recognised, with the version since which each column is there. A newer version can have more.
const COLUMNS: &[(&str, i64)] = &[
    ("seq", 1),
    ("id", 1),
    ("name", 1),
    ("version", 1),
    ("created", 1),
    ("actor_id", 1),
    ("actor", 1),
    ("properties", 1),
    ("context", 2),
];

/// Says in an application's database that `events` is the store's, and of which version.
const VERSION_TABLE: &str = "event_sqlite";

/// Whose file the store is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Its own. The schema's version is `PRAGMA user_version`.
    Own,
    /// The application's. The version is in a table, since `user_version` is the application's.
    Shared,
}

impl Place {
    pub(crate) fn of(store: &StoreSettings) -> Self {
        if store.database.is_some() { Self::Shared } else { Self::Own }
    }
}

/// Makes the tables what they have to be, and in a file of the store's own the view, too; gives whether that is there.
pub(crate) fn prepare(connection: &Connection, path: &Path, place: Place, view: bool) -> Result<bool> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    migrate(&transaction, path, place)?;
    let has_view = view && place == Place::Own && view::make(&transaction, path)?;
    transaction.commit()?;
    Ok(has_view)
}

fn migrate(transaction: &Connection, path: &Path, place: Place) -> Result<()> {
    let found = usize::try_from(version(transaction, path, place)?).expect("a version that is known");
    MIGRATIONS[found..].iter().try_for_each(|migration| transaction.execute_batch(migration))?;
    set_version(transaction, place)
}

/// Refuses a file that isn't the store's, or that a newer version of this crate has changed. Writes nothing.
///
/// # Errors
/// [`Error::NotTheStore`] and [`Error::NewerStore`].
pub(crate) fn check(connection: &Connection, path: &Path, place: Place) -> Result<()> {
    // One transaction, so that a program that makes the tables meanwhile is seen before or after, not in the middle.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    version(&transaction, path, place).map(drop)
}

/// The version of the store's tables; 0 where there are none, and room for them.
fn version(connection: &Connection, path: &Path, place: Place) -> Result<i64> {
    let found = match place {
        Place::Own => own_version(connection)?,
        Place::Shared => shared_version(connection)?,
    };
    match found {
        None => Err(Error::NotTheStore { path: path.to_owned() }),
        Some(found) if found > newest() => {
            Err(Error::NewerStore { path: path.to_owned(), found, known: newest() })
        }
        Some(found) => Ok(found),
    }
}

/// The newest version that this crate knows.
fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).expect("there are few")
}

/// Identifies the store's own file: `evsq`, where SQLite has a place for that. Files of the
/// first releases have 0 there.
const APPLICATION_ID: i64 = 0x6576_7371;

/// `None` where it is another program's file.
fn own_version(connection: &Connection) -> Result<Option<i64>> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let is_empty =
        || connection.query_row("SELECT count(*) = 0 FROM main.sqlite_schema", (), |row| row.get(0));
    Ok(match application {
        APPLICATION_ID if version > newest() => Some(version),
        APPLICATION_ID | 0 if version > 0 && is_store(connection, version)? => {
            // Or it is an application's database with the store in it.
            (kind(connection, VERSION_TABLE)?.is_none()).then_some(version)
        }
        0 if version == 0 && is_empty()? => Some(0),
        _ => None,
    })
}

/// `None` where the application has tables of these names.
fn shared_version(connection: &Connection) -> Result<Option<i64>> {
    if kind(connection, VERSION_TABLE)?.is_none() {
        return Ok(kind(connection, "events")?.is_none().then_some(0));
    }
    if !has_columns(connection, VERSION_TABLE, &["store_version"])? {
        return Ok(None);
    }
    let version = connection
        .query_row("SELECT store_version FROM main.event_sqlite", (), |row| row.get::<_, i64>(0))
        .optional()?;
    let Some(version) = version.filter(|version| *version > 0) else { return Ok(None) };
    Ok((version > newest() || is_store(connection, version)?).then_some(version))
}

/// Whether the table `events` has the columns of this version.
fn is_store(connection: &Connection, version: i64) -> Result<bool> {
    let of_version = COLUMNS.iter().filter(|(_, since)| *since <= version);
    has_columns(connection, "events", &of_version.map(|(name, _)| *name).collect::<Vec<_>>())
}

fn set_version(connection: &Connection, place: Place) -> Result<()> {
    if place == Place::Own {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        return Ok(connection.pragma_update(None, "user_version", newest())?);
    }
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS event_sqlite (store_version INTEGER NOT NULL) STRICT; DELETE FROM event_sqlite",
    )?;
    connection.execute("INSERT INTO event_sqlite VALUES (?)", (newest(),))?;
    Ok(())
}

/// Whether there is a table of this name with all of these columns.
fn has_columns(connection: &Connection, table: &str, columns: &[&str]) -> Result<bool> {
    if kind(connection, table)?.as_deref() != Some("table") {
        return Ok(false);
    }
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?, 'main')")?;
    let names = statement.query_map((table,), |row| row.get::<_, String>(0))?;
    let names = names.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(columns.iter().all(|column| names.iter().any(|name| name == column)))
}

/// What is there under this name: a table, a view, an index, or nothing. Triggers have names of their own.
fn kind(connection: &Connection, name: &str) -> Result<Option<String>> {
    let select = "SELECT type FROM main.sqlite_schema WHERE name = ? COLLATE NOCASE AND type <> 'trigger'";
    let found = connection.query_row(select, (name,), |row| row.get(0));
    Ok(found.optional()?)
}
