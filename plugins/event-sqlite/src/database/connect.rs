//! How a file becomes a connection.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::database::options::{DatabaseOptions, Synchronous, no_file};
use crate::database::{Core, checkpoint, directory, mode};
use crate::error::{Error, OpenError, Result};

/// SQLite counts its milliseconds in 32 bits.
const LONGEST_BUSY_TIMEOUT: Duration = Duration::from_millis(i32::MAX as u64);

/// The connection that writes. Creates the file, and the directories that it is in. `check` can refuse a file, which then
/// stays as it is.
pub(crate) fn writer(
    options: &DatabaseOptions,
    mut check: impl FnMut(&Connection) -> Result<()>,
) -> Result<Connection> {
    let path = options.path.as_path();
    if let Some(mistake) = no_file(path) {
        return Err(Error::open(path, mistake));
    }
    if options.busy_timeout > LONGEST_BUSY_TIMEOUT {
        return Err(Error::open(path, OpenError::BusyTimeout(options.busy_timeout)));
    }
    if !options.mode.is_possible() {
        return Err(Error::open(path, OpenError::Mode(options.mode.bits())));
    }
    let no_directory = |cause| Error::open(path, OpenError::Directory(Arc::new(cause)));
    if path.is_relative() {
        // It was configured where there was no working directory to ask for, and each open would find another file.
        return Err(no_directory(std::io::ErrorKind::NotFound.into()));
    }
    if let Some(directory) = path.parent().filter(|_| !path.exists()) {
        directory::create(directory, options.mode).map_err(no_directory)?;
    }
    mode::create_file(path, options.mode);
    let sqlite = |cause| Error::open(path, OpenError::Sqlite(Arc::new(cause)));
    // To another way to the system, the name may be no file's.
    let creates = if options.vfs.is_some() { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
    let connection = open(path, options, OpenFlags::SQLITE_OPEN_READ_WRITE | creates).map_err(sqlite)?;
    // SQLite opens a file that it may not write without a word.
    if connection.is_readonly("main").map_err(sqlite)? {
        return Err(Error::open(path, OpenError::ReadOnly));
    }
    connection.busy_timeout(options.busy_timeout).map_err(sqlite)?;
    patiently(options.busy_timeout, || check(&connection))?;
    let mode = patiently(options.busy_timeout, || use_wal(&connection).map_err(sqlite))?;
    if mode != "wal" {
        return Err(Error::open(path, OpenError::NoWal(mode)));
    }
    synchronize(&connection, options.synchronous).map_err(sqlite)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(sqlite)?;
    checkpoint::limit(&connection).map_err(sqlite)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Whether commits wait for the disk. Between two transactions; SQLite refuses it in one.
pub(crate) fn synchronize(connection: &Connection, synchronous: Synchronous) -> rusqlite::Result<()> {
    let level = match synchronous {
        Synchronous::Full => "full",
        Synchronous::Normal => "normal",
    };
    connection.pragma_update(None, "synchronous", level)
}

/// Enables the write-ahead log; returns the resulting journal mode.
fn use_wal(connection: &Connection) -> rusqlite::Result<String> {
    connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
}

/// Retries while other connections use the file.
///
/// If several connections create a file at the same time, each has it open for reading and wants to write. SQLite sees that they
/// would wait for each other, and refuses them at once, whatever the timeout is.
fn patiently<T>(timeout: Duration, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let end = Instant::now() + timeout;
    loop {
        match attempt() {
            Err(error) if error.code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < end => {
                std::thread::park_timeout(PAUSE);
            }
            outcome => return outcome,
        }
    }
}

/// About as long as another connection takes to create the file.
const PAUSE: Duration = Duration::from_millis(5);

/// A connection that only reads, of the file that [`writer`] opened.
pub(crate) fn reader(core: &Core) -> Result<Connection> {
    let options = &core.options;
    let open = || {
        let connection = open(&core.file, options, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(options.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    };
    open().map_err(|cause| Error::open(&core.path, OpenError::Sqlite(Arc::new(cause))))
}

/// The name of an open file that no link leads to: where a link in its path is changed, other connections still find
/// the file that the first one opened.
pub(crate) fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// How many KiB of pages the connection that writes keeps. SQLite's 2,000 are too few for a transaction of all that can
/// wait in a queue: what doesn't fit is written once more, and many events take a fifth longer.
const CACHE_KIB: i64 = 16 << 10;

/// Statements that a connection keeps prepared: more than a program of a usual size has.
pub(crate) const STATEMENTS: usize = 128;

/// The path is absolute: the bundled SQLite takes a name that starts with `file:` for a URI, whatever the flags. Each connection stays on one thread.
fn open(file: &Path, options: &DatabaseOptions, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match &options.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(file, flags, vfs.as_str()),
        None => Connection::open_with_flags(file, flags),
    }
}
