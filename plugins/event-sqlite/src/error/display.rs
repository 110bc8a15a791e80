//! The errors in words.

use std::fmt;
use std::path::Path;

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
                write!(f, "there is a database `{name}` already, in {}", path.display())
            }
            Self::SameFile { path, open_as } => write!(
                f,
                "{} is open as the database `{open_as}`; ask for it by that name, since a file has one writer",
                path.display()
            ),
            Self::NoStore => {
                f.write_str("this app keeps no events: `plugins.event-sqlite.store.enabled` is `false`")
            }
            Self::Open { path, cause } => write!(f, "{} can't be opened: {cause}", path.display()),
            Self::Thread { path, .. } => {
                write!(f, "{}: the system gives no thread for this database", path.display())
            }
            Self::Sqlite { path, cause } => {
                write!(f, "{}: SQLite failed", path.display())?;
                match cause.sqlite_error_code().and_then(advice) {
                    Some(advice) => write!(f, "; {advice}"),
                    None => Ok(()),
                }
            }
            Self::RolledBack { path, .. } => write!(
                f,
                "{}: nothing was written, because the transaction that several writes shared broke; try again",
                path.display()
            ),
            Self::EndedTransaction { path } => write!(
                f,
                "{}: a closure ended the transaction that it ran in; return from it to commit, or an error to roll back",
                path.display()
            ),
            Self::Panicked { path, message } => {
                write!(f, "{}: the closure panicked, and what it wrote is undone: {message}", path.display())
            }
            Self::Inside { path } => write!(
                f,
                "{}: a closure that runs in this database used it by an outer handle, and would wait for itself; use \
                 what the closure is given (`tx`, `tx.track(…)`, or the connection)",
                path.display()
            ),
            Self::Circle { path } => write!(f, "failed to write to {}: {CIRCLE}", path.display()),
            Self::Replaced { path, file } => replaced(f, path, file),
            Self::Closed { path } => write!(f, "{} was closed when the app was shut down", path.display()),
            Self::Forked { path } => write!(f, "failed to use {}: {FORKED}", path.display()),
            Self::ThreadEnded { path } => {
                write!(f, "failed to learn what became of a call to {}: {THREAD_ENDED}", path.display())
            }
            Self::Properties(error) => error.fmt(f),
            Self::TooLarge { event, bytes } => {
                write!(f, "event `{event}` has {bytes} bytes, more than a row can hold")
            }
            Self::IdTaken { path, event, id, other } => write!(
                f,
                "{}: failed to keep event `{event}`: its id {id} is that of another event, which differs in its {other}; \
                 give each event an id of its own",
                path.display()
            ),
            Self::Ignored { path, event } => write!(
                f,
                "{}: failed to keep event `{event}`: a trigger of the application's on `events` ignored its row; let \
                 it use `RAISE(ABORT, …)` where an event is to be refused",
                path.display()
            ),
            Self::Own(error) => error.fmt(f),
            Self::NewerStore { path, found, known } => write!(
                f,
                "{} was written by a newer event-sqlite: its store has version {found}, and this one knows {known}; \
                 update, or name another file",
                path.display()
            ),
            Self::NotTheStore { path } => write!(
                f,
                "failed to open the store: {} has tables that aren't the store's; nothing was written to it; give the \
                 store a file of its own (`plugins.event-sqlite.store.path`), or name a database of the application's \
                 that has no table `events` (`plugins.event-sqlite.store.database`)",
                path.display()
            ),
            Self::NoName(mistake) => mistake.fmt(f),
            Self::Unreadable { path, seq, .. } => {
                write!(f, "{}: the row with seq {seq} can't be read as an event", path.display())
            }
            Self::UnreadableRows { path, seqs, .. } => unreadable_rows(f, path, seqs),
            Self::Unwritten { path, left, deadline, .. } => write!(
                f,
                "{}: shutdown left {left} events and writes unwritten; it may take {deadline:?} \
                 (`plugins.event-sqlite.shutdown_ms`)",
                path.display()
            ),
        }
    }
}

const CIRCLE: &str = "a closure there waits for this closure, and neither would ever end; write to one database after \
                      the other, and not from within";
const FORKED: &str = "it was opened before this process was forked, and a fork has none of the threads that serve it; \
                      start the app in the child";
const THREAD_ENDED: &str = "the thread that had it ended by a panic, which is a line on standard error; look whether it \
                            was done, and try again";

fn replaced(f: &mut fmt::Formatter<'_>, path: &Path, file: &Path) -> fmt::Result {
    write!(
        f,
        "failed to use {}: {} was removed or replaced while it was open; put it back, or start the app again",
        path.display(),
        file.display()
    )
}

fn unknown_database(f: &mut fmt::Formatter<'_>, name: &str, known: &[String]) -> fmt::Result {
    write!(f, "there is no database `{name}`; ")?;
    match known {
        [] => f.write_str("there is none at all")?,
        known => write!(f, "there is `{}`", known.join("`, `"))?,
    }
    write!(
        f,
        "; configure it under `[plugins.event-sqlite.databases.{name}]`, or add it with `app.add_database(…)`"
    )
}

/// The first of them, if there are many.
fn unreadable_rows(f: &mut fmt::Formatter<'_>, path: &Path, seqs: &[i64]) -> fmt::Result {
    const MOST: usize = 10;
    let some: Vec<_> = seqs.iter().take(MOST).map(ToString::to_string).collect();
    let rest = if seqs.len() > MOST { ", …" } else { "" };
    write!(
        f,
        "{}: {} rows can't be read as events (seq {}{rest}); `.stream()` gives the others, and an error for each of \
         these",
        path.display(),
        seqs.len(),
        some.join(", ")
    )
}

/// What to do about it.
pub(super) fn advice(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::DiskFull => "there is no room on its disk; make some, and the next write works",
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            "another process held its lock for longer than `busy_timeout_ms`"
        }
        ErrorCode::SystemIoFailure => {
            "its disk can't be read or written; the next write works when the cause is gone"
        }
        ErrorCode::DatabaseCorrupt => "it is damaged; see https://sqlite.org/recovery.html",
        ErrorCode::ReadOnly => "it became read only; check its permissions",
        ErrorCode::AuthorizationForStatementDenied => {
            "a closure shares its transaction with others: it can't begin, commit or roll back, attach a file or set a \
             pragma that stays; return from it to commit, or an error to roll back"
        }
        ErrorCode::CannotOpen => "there is no such file, or no permission to open it",
        _ => return None,
    })
}
