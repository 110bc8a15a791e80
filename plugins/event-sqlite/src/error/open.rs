//! Why a file can't be opened as a database.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use event_core::plugin::error_lines;
use rusqlite::ErrorCode;

use crate::error::display::advice;

/// Why a file can't be opened as a database.
#[derive(Clone)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory that the file is in can't be created.
    Directory(Arc<std::io::Error>),
    /// The path is one that SQLite takes for something else than a file: empty, or `:memory:`.
    NoFile,
    /// The path starts with `file:`, and paths are taken literally, not as URIs.
    Uri,
    /// The busy timeout is longer than SQLite can wait.
    BusyTimeout(Duration),
    /// The mode for new files isn't one with which the owner can read and write, or is for running.
    Mode(u32),
    /// The file can be read only.
    ReadOnly,
    /// There is no write-ahead log on this file system: SQLite stayed in the journal mode that is given here.
    NoWal(String),
    /// Any other failure: no database, no permission, damaged.
    Sqlite(Arc<rusqlite::Error>),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(_) => f.write_str("its directory can't be created"),
            Self::NoFile => f.write_str(
                "SQLite doesn't take this path for a file; name a file, in tests one in a temporary directory",
            ),
            Self::Uri => f.write_str(
                "it starts with `file:`, and URIs aren't supported; write the path alone, or `./file:…` for a file of that name",
            ),
            Self::BusyTimeout(timeout) => write!(
                f,
                "its busy timeout of {timeout:?} is longer than SQLite can wait; make it 2147483647 ms (24 days) or \
                 less"
            ),
            Self::Mode(mode) => write!(
                f,
                "new files can't have the mode {mode:#o}, since their owner reads and writes them and nothing runs \
                 them; choose one such as 0o600 or 0o640"
            ),
            Self::ReadOnly => {
                f.write_str("it is read only; check its permissions")
            }
            Self::NoWal(mode) => write!(
                f,
                "failed to enable write-ahead logging (journal mode `{mode}`): network file systems don't support it; use a \
                 local disk"
            ),
            Self::Sqlite(cause) => match cause.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => f.write_str("it isn't a SQLite database; name another file"),
                Some(code) => f.write_str(advice(code).unwrap_or("SQLite failed")),
                None => f.write_str("SQLite failed"),
            },
        }
    }
}

/// As [`Error`](crate::Error)'s.
impl fmt::Debug for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&error_lines(self))
    }
}

impl StdError for OpenError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Directory(cause) => Some(&**cause),
            Self::Sqlite(cause) => Some(&**cause),
            Self::NoFile
            | Self::Uri
            | Self::BusyTimeout(_)
            | Self::Mode(_)
            | Self::ReadOnly
            | Self::NoWal(_) => None,
        }
    }
}
