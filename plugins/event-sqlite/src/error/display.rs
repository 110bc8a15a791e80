//! The errors in words.

use std::fmt;
use std::path::Path;

use event_core::plugin::error_lines;
use rusqlite::ErrorCode;

use crate::error::Error;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(error) | Self::Event(error) => error.fmt(f),
            Self::Contradiction(text) => f.write_str(text),
            Self::UnknownDatabase { name, known } => unknown_database(f, name, known),
            Self::DatabaseName { name } => {
                write!(
                    f,
                    "failed to open the database {name:?}: its name has a NUL in it; choose another one"
                )
            }
            Self::DatabaseExists { name, path } => {
                write!(
                    f,
                    "failed to add the database `{name}`: there is one of this name, in {}; choose another name",
                    path.display()
                )
            }
            Self::SameFile { path, open_as } => write!(
                f,
                "failed to open {}: it is open as the database `{open_as}`, and a file has one writer; use that database",
                path.display()
            ),
            Self::NoStore => f.write_str(
                "failed to use the store: `plugins.event-sqlite.store.enabled` is `false`; set it to `true`",
            ),
            Self::AnotherJournal { chosen } => write!(
                f,
                "failed to use the store: `plugins.event-journal.journal` chooses `{chosen}`, so events aren't kept here, unless \
                 `[plugins.event-sqlite.store]` says so, for instance with a `path`"
            ),
            Self::KeepsNoEvents => f.write_str(KEEPS_NO_EVENTS),
            Self::Open { path, cause } => write!(f, "failed to open {}: {cause}", path.display()),
            Self::Thread { path, .. } => {
                write!(f, "failed to open {}: the system can't start a thread for it", path.display())
            }
            Self::Sqlite { path, cause } => {
                write!(f, "failed to use {}", path.display())?;
                match cause.sqlite_error_code().and_then(advice) {
                    Some(advice) => write!(f, ": {advice}"),
                    None if matches!(**cause, rusqlite::Error::ExecuteReturnedResults) => {
                        write!(f, ": {ROWS}")
                    }
                    None => Ok(()),
                }
            }
            Self::WriteInRead { path, .. } => {
                write!(f, "failed to write to {}: {READS_ONLY}", path.display())
            }
            Self::RolledBack { path, .. } => {
                write!(f, "failed to write to {}: {ROLLED_BACK}", path.display())
            }
            Self::EndedTransaction { path } => write!(f, "failed to write to {}: {ENDED}", path.display()),
            Self::Panicked { path, message } => {
                write!(
                    f,
                    "failed to write to {}: the closure panicked, and its writes are rolled back: {message}",
                    path.display()
                )
            }
            Self::Inside { path } => write!(f, "failed to use {}: {INSIDE}", path.display()),
            Self::Circle { path } => write!(f, "failed to write to {}: {CIRCLE}", path.display()),
            Self::Replaced { path, file } => replaced(f, path, file),
            Self::Closed { path } => {
                write!(f, "failed to use {}: it was closed when the app was shut down", path.display())
            }
            Self::Forked { path } => write!(f, "failed to use {}: {FORKED}", path.display()),
            Self::ThreadEnded { path } => {
                write!(f, "failed to get the result of a call to {}: {THREAD_ENDED}", path.display())
            }
            Self::Properties(error) => error.fmt(f),
            Self::TooLarge { event, bytes } => {
                write!(f, "failed to store event `{event}`: it has {bytes} bytes, more than fits in a row")
            }
            Self::IdTaken { path, event, id, other } => write!(
                f,
                "failed to store event `{event}` in {}: its id {id} belongs to another event, which differs in its \
                 {other}; give each event an id of its own",
                path.display()
            ),
            Self::Ignored { path, event } => {
                write!(f, "failed to store event `{event}` in {}: {IGNORED}", path.display())
            }
            Self::StoreElsewhere { path, name } => store_elsewhere(f, path, name),
            Self::Own(error) => error.fmt(f),
            Self::NewerStore { path, found, known } => write!(
                f,
                "failed to open the store {}: it was written by a newer event-sqlite, in version {found}, and this one \
                 knows {known}; update event-sqlite, or name another file",
                path.display()
            ),
            Self::NotTheStore { path } => {
                write!(f, "failed to open the store {}: {NOT_THE_STORE}", path.display())
            }
            Self::Unwritten { path, left, deadline, .. } => write!(
                f,
                "failed to write {left} events and writes to {} within {deadline:?} of the shutdown; allow more time with \
                 `plugins.event-sqlite.shutdown_ms`",
                path.display()
            ),
        }
    }
}

/// The output of a `main` that returns this: the message, and each cause on a line of its own.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&error_lines(self))
    }
}

const KEEPS_NO_EVENTS: &str = "failed to use the store: this app keeps no events, since it doesn't call \
                               `event_sqlite::keep_event`; link the plugin with `event_core::plugins![event_sqlite]` and \
                               without `enabled = false`, or add `.hook(event_sqlite::keep_event)`; for events that another \
                               app keeps, name the file with `plugins.event-sqlite.store.path`";
const ROLLED_BACK: &str = "the transaction that several writes share was rolled back; try again";
const ENDED: &str =
    "a closure ended its transaction; return from the closure to commit, or an error to roll back";
const ROWS: &str =
    "the statement returns rows; use `query_row` or `prepare` in a closure of `write` or `read`";
const READS_ONLY: &str = "a closure of `read` can't write; use `write` or `execute_write`";
const INSIDE: &str = "a closure of this database used it by an outer handle, and would wait for itself; use the closure's \
                      argument (`tx`, `tx.track(…)`, or the connection)";
const IGNORED: &str = "a trigger of the application on `events` ignored its row; to refuse an event, use \
                       `RAISE(ABORT, …)`";
const NOT_THE_STORE: &str = "it has tables of another program, and wasn't changed; give the store a file of its own \
                             (`plugins.event-sqlite.store.path`), or name a database of the application without a table \
                             `events` (`plugins.event-sqlite.store.database`)";
const CIRCLE: &str = "a closure there waits for this closure, and neither would end; write to one database after the \
                      other";
const FORKED: &str = "it was opened before this process was forked, and a fork doesn't have the plugin's threads; start \
                      the app in the child";
const THREAD_ENDED: &str = "its thread ended by a panic, which is a line on standard error; check whether it was done, \
                            and try again";

fn replaced(f: &mut fmt::Formatter<'_>, path: &Path, file: &Path) -> fmt::Result {
    write!(
        f,
        "failed to use {}: {} was removed or replaced while it was open; put it back, or start the app again",
        path.display(),
        file.display()
    )
}

fn store_elsewhere(f: &mut fmt::Formatter<'_>, path: &Path, name: &str) -> fmt::Result {
    write!(
        f,
        "failed to record a delivery as done in {}: the store isn't in this database; set \
         `plugins.event-sqlite.store.database` to \"{name}\", or write to the database that it is in",
        path.display()
    )
}

fn unknown_database(f: &mut fmt::Formatter<'_>, name: &str, known: &[String]) -> fmt::Result {
    write!(f, "failed to find the database `{name}`: ")?;
    match known {
        [] => f.write_str("this app has none")?,
        known => write!(f, "this app has `{}`", known.join("`, `"))?,
    }
    write!(
        f,
        "; configure it under `[plugins.event-sqlite.databases.{name}]`, or add it with `app.add_database(…)`"
    )
}

/// What to do about it.
pub(super) fn advice(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::DiskFull => "its disk is full; free some space, and the next write works",
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            "another process held its lock for longer than `busy_timeout_ms`"
        }
        ErrorCode::SystemIoFailure => {
            "its disk can't be read or written; remove the cause, and the next write works"
        }
        ErrorCode::DatabaseCorrupt => "it is damaged; see https://sqlite.org/recovery.html",
        ErrorCode::ReadOnly => "it is read only; check its permissions",
        ErrorCode::AuthorizationForStatementDenied => {
            "a closure can't begin, commit or roll back, attach a file or set a lasting pragma, since others use its \
             connection; `write` commits when its closure returns, and rolls back when it returns an error"
        }
        ErrorCode::CannotOpen => "there is no such file, or no permission to open it",
        _ => return None,
    })
}
