//! Why an operation of a database or the store failed.

mod display;
mod open;
mod own;

use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use event_core::error::PropertiesError;
use rusqlite::{ErrorCode, ffi};

pub use self::open::OpenError;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a database or the store does on threads of its own: `.await` it in any runtime, or `.wait()` without one.
pub type Waiting<T> = event_journal::Waiting<T, Error>;

/// Why an operation of a database or the store failed. An error about a file names it.
///
/// In a closure that writes or reads, `?` makes one of a `rusqlite::Error`, of an `event_core::Error`, of a text, of a
/// `Box<dyn Error + Send + Sync>`, and of the common errors of the standard library, `serde_json`, `chrono` and `uuid`.
/// [`Error::own`] takes any other. Each of these is kept: [`downcast_ref`](Self::downcast_ref) gives it back.
///
/// ```
/// use event_core::prelude::*;
/// use event_sqlite::{DatabaseOptions, Error, SqliteExt};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("app.db");
/// # let app = App::builder().without_linked().start().wait()?;
/// # let db = app.add_database("app", DatabaseOptions::new(path))?;
/// # db.execute_write("CREATE TABLE setting (value TEXT)", ()).wait()?;
/// # let text = "{";
/// let written = db.write(move |tx| {
///     let setting: serde_json::Value = serde_json::from_str(text)?;
///     if setting.is_null() {
///         return Err("a setting has a value".into());
///     }
///     tx.execute("INSERT INTO setting VALUES (?)", (setting.to_string(),))?;
///     Ok(())
/// });
/// let error = written.wait().unwrap_err();
/// assert!(error.downcast_ref::<serde_json::Error>().is_some());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// Cloning is cheap: the error of a failed commit goes to every caller that waits for it.
#[derive(Clone)]
#[non_exhaustive]
pub enum Error {
    /// The section `[plugins.event-sqlite]` is invalid.
    Settings(Arc<event_core::Error>),
    /// The section `[plugins.event-sqlite]` contradicts itself; the text says where and how.
    Contradiction(String),
    /// The app has no database of this name.
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
    /// The settings choose another plugin's journal (`plugins.event-journal.journal`), and configure no store here.
    AnotherJournal {
        /// The plugin.
        chosen: String,
    },
    /// The app doesn't call [`keep_event`](crate::keep_event), and its settings name no store, so it has none.
    KeepsNoEvents,
    /// A database's file can't be opened.
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: OpenError,
    },
    /// The operating system can't start a thread for the database.
    Thread {
        /// The file.
        path: PathBuf,
        /// What it said.
        cause: Arc<std::io::Error>,
    },
    /// SQLite failed, and nothing was written.
    Sqlite {
        /// The file. Empty while the error is on its way out of a closure.
        path: PathBuf,
        /// What SQLite said.
        cause: Arc<rusqlite::Error>,
    },
    /// A closure of [`read`](crate::Database::read) wrote, and its connection can only read. Nothing was written.
    WriteInRead {
        /// The file.
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
    /// A file of the database was removed or replaced while it was open.
    Replaced {
        /// The database's file.
        path: PathBuf,
        /// The one that isn't what it was: that, or what SQLite has beside it.
        file: PathBuf,
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
    /// A delivery was to be recorded as done in a database in which the store isn't; see [`DeliveryExt`](crate::DeliveryExt).
    StoreElsewhere {
        /// The database's file.
        path: PathBuf,
        /// The name under which the app knows it.
        name: String,
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
    /// The file that the error is about, if it is about one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::DatabaseExists { path, .. }
            | Self::SameFile { path, .. }
            | Self::Open { path, .. }
            | Self::Thread { path, .. }
            | Self::Sqlite { path, .. }
            | Self::WriteInRead { path, .. }
            | Self::RolledBack { path, .. }
            | Self::EndedTransaction { path }
            | Self::IdTaken { path, .. }
            | Self::Ignored { path, .. }
            | Self::Panicked { path, .. }
            | Self::Inside { path }
            | Self::Circle { path }
            | Self::Replaced { path, .. }
            | Self::Closed { path }
            | Self::Forked { path }
            | Self::ThreadEnded { path }
            | Self::NewerStore { path, .. }
            | Self::NotTheStore { path }
            | Self::StoreElsewhere { path, .. }
            | Self::Unwritten { path, .. } => Some(path),
            _ => None,
        }
    }

    /// What SQLite said, if it was SQLite that failed.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sqlite { cause, .. }
            | Self::WriteInRead { cause, .. }
            | Self::Open { cause: OpenError::Sqlite(cause), .. } => cause.sqlite_error_code(),
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

    /// The same error of a closure that reads.
    pub(crate) fn of_read(self, file: &Path) -> Self {
        match self.about(file) {
            Self::Sqlite { path, cause } if is_of_a_reader(&cause) => Self::WriteInRead { path, cause },
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

/// Whether SQLite refused to write because the connection only reads. Its other errors of this code are about the file.
fn is_of_a_reader(cause: &rusqlite::Error) -> bool {
    matches!(cause, rusqlite::Error::SqliteFailure(error, _) if error.extended_code == ffi::SQLITE_READONLY)
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Settings(error) | Self::Event(error) => error.source(),
            Self::Open { cause, .. } => cause.source(),
            Self::Thread { cause, .. } => Some(&**cause),
            Self::Sqlite { cause, .. } | Self::WriteInRead { cause, .. } => Some(&**cause),
            Self::RolledBack { cause, .. } => Some(&**cause),
            Self::Properties(error) => error.source(),
            Self::Own(error) => error.source(),
            Self::Unwritten { cause, .. } => cause.as_deref().map(|error| error as _),
            _ => None,
        }
    }
}

/// Of a statement in a closure. The file's name is added when the closure returns.
impl From<rusqlite::Error> for Error {
    fn from(cause: rusqlite::Error) -> Self {
        Self::Sqlite { path: PathBuf::new(), cause: Arc::new(cause) }
    }
}

/// `?` takes it in a function that returns an `event_core::Result`.
impl event_core::error::Foreign for Error {}

impl From<event_core::Error> for Error {
    fn from(error: event_core::Error) -> Self {
        Self::Event(Arc::new(error))
    }
}

impl From<event_journal::Error> for Error {
    fn from(error: event_journal::Error) -> Self {
        Self::own(error)
    }
}

impl From<PropertiesError> for Error {
    fn from(error: PropertiesError) -> Self {
        Self::Properties(error)
    }
}
