//! Why a database or the store didn't do what it was asked to.

mod open;

use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use event_core::error::PropertiesError;
use event_core::plugin::NamePatternError;
use rusqlite::ErrorCode;

pub use self::open::OpenError;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a database or the store didn't do what it was asked to. Everything about a file names it.
///
/// In a closure that writes or reads, `?` makes one of a `rusqlite::Error` and of an `event_core::Error`;
/// [`Error::own`] takes any other.
///
/// Cloning is cheap: a commit that fails is the error of everybody who waits for it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The section `[plugins.event-sqlite]` isn't what this plugin reads.
    Settings(Arc<event_core::Error>),
    /// The section `[plugins.event-sqlite]` contradicts itself; the text says where and how.
    Contradiction(String),
    /// Somebody asked for a database that the app doesn't have.
    UnknownDatabase {
        /// The name that was asked for.
        name: String,
        /// The names of the databases that the app has.
        known: Vec<String>,
    },
    /// A database was to have a name with a NUL in it, which no thread can be called by.
    DatabaseName {
        /// The name.
        name: String,
    },
    /// A database was added under a name that another one has.
    DatabaseExists {
        /// The name.
        name: String,
        /// The file of the database that has it.
        path: PathBuf,
    },
    /// A file was to be opened as a second database. It has one writer, which both names would have to share.
    SameFile {
        /// The file.
        path: PathBuf,
        /// The name under which it is open.
        open_as: String,
    },
    /// The app keeps no events: `store.enabled = false`.
    NoStore,
    /// A database's file can't be opened.
    Open {
        /// The file.
        path: PathBuf,
        /// What is in the way.
        cause: OpenError,
    },
    /// The operating system gives no thread for the database.
    Thread {
        /// The file.
        path: PathBuf,
        /// What it said.
        cause: Arc<std::io::Error>,
    },
    /// SQLite failed, and nothing of what was asked for is done.
    Sqlite {
        /// The file. Empty while the error is on its way out of a closure.
        path: PathBuf,
        /// What SQLite said.
        cause: Arc<rusqlite::Error>,
    },
    /// A write did its part, but another one of the same commit broke the transaction (or its closure ended it), so
    /// nothing of it is done. Trying again can help.
    RolledBack {
        /// The file.
        path: PathBuf,
        /// What broke the transaction.
        cause: Arc<Error>,
    },
    /// A closure ended the transaction that it ran in (`COMMIT`, `ROLLBACK`), which several writes share.
    EndedTransaction {
        /// The file.
        path: PathBuf,
    },
    /// A closure panicked; what it had written is undone.
    Panicked {
        /// The file.
        path: PathBuf,
        /// The panic's message.
        message: String,
    },
    /// A closure used the very database that it runs in by an outer handle, and would have waited for itself.
    Inside {
        /// The file.
        path: PathBuf,
    },
    /// A closure would wait for a write to a database whose closure waits for this one.
    Circle {
        /// The file that it would write to.
        path: PathBuf,
    },
    /// The database was closed, by the app's shutdown.
    Closed {
        /// The file.
        path: PathBuf,
    },
    /// This process was forked off the one that opened the database, whose threads it doesn't have.
    Forked {
        /// The file.
        path: PathBuf,
    },
    /// The thread that was to answer has ended by a panic, which is a line on standard error.
    ThreadEnded {
        /// The file.
        path: PathBuf,
    },
    /// An event can't be tracked in a write; see [`Tx::track`](crate::Tx::track).
    Event(Arc<event_core::Error>),
    /// An event's fields can't be written as JSON, so it isn't kept.
    Properties(PropertiesError),
    /// An event is larger than what a row can hold.
    TooLarge {
        /// The event's name.
        event: String,
        /// Its size in bytes.
        bytes: usize,
    },
    /// An event has the id of another one that is kept already. The same event again is no error: it is kept once.
    IdTaken {
        /// The file.
        path: PathBuf,
        /// The event's name.
        event: String,
        /// The id.
        id: String,
        /// What the two differ in: `name`, `version`, `actor` or `properties`.
        other: &'static str,
    },
    /// A trigger of the application's (`RAISE(IGNORE)`) kept an event from the table.
    Ignored {
        /// The file.
        path: PathBuf,
        /// The event's name.
        event: String,
    },
    /// A closure's own error; see [`Error::own`].
    Own(Arc<dyn StdError + Send + Sync>),
    /// The store's table was written by a newer version of this crate.
    NewerStore {
        /// The file.
        path: PathBuf,
        /// The version of the table.
        found: i64,
        /// The newest version that this crate knows.
        known: i64,
    },
    /// The file that the store is to be in is another program's, or the database that it is to be in has tables of the
    /// store's names that aren't the store's. Nothing was written to it.
    NotTheStore {
        /// The file.
        path: PathBuf,
    },
    /// Events were asked for by a name that no event can have.
    NoName(NamePatternError),
    /// A row of the store can't be read as an event.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The row's `seq`.
        seq: i64,
        /// What is wrong with it.
        cause: Arc<serde_json::Error>,
    },
    /// Rows of the store can't be read as events, and all events were asked for at once.
    UnreadableRows {
        /// The file.
        path: PathBuf,
        /// The `seq` of each.
        seqs: Vec<i64>,
        /// What is wrong with the first.
        cause: Arc<serde_json::Error>,
    },
    /// Shutdown reached its deadline with events in memory that aren't written, or a write failed meanwhile whose caller
    /// had stopped waiting.
    Unwritten {
        /// The file.
        path: PathBuf,
        /// How many events and writes are left.
        left: usize,
        /// How long shutdown waited.
        deadline: Duration,
        /// What kept them from being written, if it failed.
        cause: Option<Arc<Error>>,
    },
}

impl Error {
    /// Takes an error of the application's own out of a closure; [`downcast_ref`](Self::downcast_ref) gives it back.
    ///
    /// ```
    /// use event_sqlite::Error;
    ///
    /// let error = Error::own("there is no such user");
    /// assert_eq!(error.to_string(), "there is no such user");
    /// ```
    pub fn own(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Own(Arc::from(error.into()))
    }

    /// The application's own error, if it is one of type `E`.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        match self {
            Self::Own(error) => error.downcast_ref(),
            _ => None,
        }
    }

    /// The file that the error is about, if it is about one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::DatabaseExists { path, .. }
            | Self::SameFile { path, .. }
            | Self::Open { path, .. }
            | Self::Thread { path, .. }
            | Self::Sqlite { path, .. }
            | Self::RolledBack { path, .. }
            | Self::EndedTransaction { path }
            | Self::IdTaken { path, .. }
            | Self::Ignored { path, .. }
            | Self::Panicked { path, .. }
            | Self::Inside { path }
            | Self::Circle { path }
            | Self::Closed { path }
            | Self::Forked { path }
            | Self::ThreadEnded { path }
            | Self::NewerStore { path, .. }
            | Self::NotTheStore { path }
            | Self::Unreadable { path, .. }
            | Self::UnreadableRows { path, .. }
            | Self::Unwritten { path, .. } => Some(path),
            _ => None,
        }
    }

    /// What SQLite said, if it was SQLite that failed.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sqlite { cause, .. } | Self::Open { cause: OpenError::Sqlite(cause), .. } => {
                cause.sqlite_error_code()
            }
            Self::RolledBack { cause, .. } => cause.code(),
            _ => None,
        }
    }

    pub(crate) fn sqlite(path: &Path, cause: rusqlite::Error) -> Self {
        Self::Sqlite { path: path.to_owned(), cause: Arc::new(cause) }
    }

    pub(crate) fn thread(path: &Path, cause: std::io::Error) -> Self {
        Self::Thread { path: path.to_owned(), cause: Arc::new(cause) }
    }

    pub(crate) fn open(path: &Path, cause: OpenError) -> Self {
        Self::Open { path: path.to_owned(), cause }
    }

    /// The same error where a file was looked at to open it.
    pub(crate) fn opening(self, path: &Path) -> Self {
        match self {
            Self::Sqlite { cause, .. } => Self::open(path, OpenError::Sqlite(cause)),
            other => other,
        }
    }

    /// The same error with the name of the file that a closure couldn't know.
    pub(crate) fn about(self, file: &Path) -> Self {
        match self {
            Self::Sqlite { path, cause } if path.as_os_str().is_empty() => {
                Self::Sqlite { path: file.to_owned(), cause }
            }
            other => other,
        }
    }
}

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

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Settings(error) | Self::Event(error) => error.source(),
            Self::Open { cause, .. } => cause.source(),
            Self::Thread { cause, .. } => Some(&**cause),
            Self::Sqlite { cause, .. } => Some(&**cause),
            Self::RolledBack { cause, .. } => Some(&**cause),
            Self::Properties(error) => error.source(),
            Self::Own(error) => error.source(),
            Self::Unreadable { cause, .. } | Self::UnreadableRows { cause, .. } => Some(&**cause),
            Self::Unwritten { cause, .. } => cause.as_deref().map(|error| error as _),
            _ => None,
        }
    }
}

/// What to do about it.
fn advice(code: ErrorCode) -> Option<&'static str> {
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

/// Of a statement in a closure. The file's name is added when the closure returns.
impl From<rusqlite::Error> for Error {
    fn from(cause: rusqlite::Error) -> Self {
        Self::Sqlite { path: PathBuf::new(), cause: Arc::new(cause) }
    }
}

impl From<event_core::Error> for Error {
    fn from(error: event_core::Error) -> Self {
        Self::Event(Arc::new(error))
    }
}

impl From<PropertiesError> for Error {
    fn from(error: PropertiesError) -> Self {
        Self::Properties(error)
    }
}
