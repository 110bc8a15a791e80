//! How a database is opened.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::database::mode::Mode;
use crate::error::OpenError;

/// How a database is opened: its file, and how much is risked for speed.
///
/// ```
/// use event_sqlite::{DatabaseOptions, Synchronous};
/// use std::time::Duration;
///
/// let options = DatabaseOptions::new("data/app.db")
///     .synchronous(Synchronous::Normal)
///     .busy_timeout(Duration::from_secs(1));
/// assert!(options.path().is_absolute() && options.path().ends_with("data/app.db"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "options open nothing until a database is added with them"]
pub struct DatabaseOptions {
    pub(crate) path: PathBuf,
    pub(crate) synchronous: Synchronous,
    pub(crate) busy_timeout: Duration,
    pub(crate) readers: NonZero<usize>,
    pub(crate) mode: Mode,
    pub(crate) vfs: Option<String>,
}

/// When SQLite waits for the disk (`PRAGMA synchronous`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Synchronous {
    /// At every commit: what was committed survives a power loss. Commits that wait at the same time share one wait.
    #[default]
    Full,
    /// At checkpoints only: what was committed survives a crash of the process, but a power loss can take the last
    /// commits (never half of one).
    Normal,
}

impl DatabaseOptions {
    /// The file at this path, with what is safe for the rest. A relative path is relative to the directory that the
    /// program runs in at this moment; directories that are missing are created.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: absolute(path.into()),
            synchronous: Synchronous::Full,
            busy_timeout: Duration::from_secs(5),
            readers: const { NonZero::new(2).unwrap() },
            mode: Mode::default(),
            vfs: None,
        }
    }

    /// When SQLite waits for the disk; [`Synchronous::Full`] without it.
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// How long a write waits for another process that holds the lock, before it is an error; 5 s without it. SQLite
    /// can't wait longer than 24 days.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// How many reads run at the same time, on a thread and a connection each; 2 without it. A thread starts when
    /// it is needed first.
    pub fn readers(mut self, readers: NonZero<usize>) -> Self {
        self.readers = readers;
        self
    }

    /// The permissions of a file that is created, as `chmod` takes them: `0o640`; `0o600` without it. Directories that are
    /// created get the right to enter them for all who may read. A file that is there keeps what it has.
    ///
    /// The owner must be able to read and write, and files aren't for running: anything else is an error when the database
    /// is opened. Outside of Unix it has no meaning.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Mode::of_bits(mode);
        self
    }

    /// Another of SQLite's ways to the operating system, by its name; see <https://sqlite.org/vfs.html>. It must be
    /// able to share memory between connections, which the write-ahead log needs.
    pub fn vfs(mut self, name: impl Into<String>) -> Self {
        self.vfs = Some(name.into());
        self
    }

    /// The file, by its absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Each connection finds the same file, also after the program went to another directory. What is no path stays as it
/// is, to be refused by its name.
fn absolute(path: PathBuf) -> PathBuf {
    if no_file(&path).is_some() {
        return path;
    }
    std::path::absolute(&path).unwrap_or(path)
}

/// Why SQLite would take this for something else than the path of a file.
pub(crate) fn no_file(path: &Path) -> Option<OpenError> {
    let text = path.as_os_str();
    if text.is_empty() || text == ":memory:" {
        Some(OpenError::NoFile)
    } else if text.as_encoded_bytes().starts_with(b"file:") {
        Some(OpenError::Uri)
    } else {
        None
    }
}
