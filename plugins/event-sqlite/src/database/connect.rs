//! How a file becomes a connection.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::database::options::{DatabaseOptions, Synchronous};
use crate::database::{checkpoint, directory};
use crate::error::{Error, OpenError, Result};

/// The connection that writes. Creates the file, and the directories that it is in.
pub(crate) fn writer(options: &DatabaseOptions) -> Result<Connection> {
    let path = options.path.as_path();
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return Err(Error::open(path, OpenError::NoFile));
    }
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    if let Some(directory) = directory.filter(|_| !path.exists()) {
        directory::create(directory)
            .map_err(|cause| Error::open(path, OpenError::Directory(Arc::new(cause))))?;
    }
    let sqlite = |cause| Error::open(path, OpenError::Sqlite(Arc::new(cause)));
    let connection =
        open(options, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE).map_err(sqlite)?;
    // SQLite opens a file that it may not write without a word.
    if connection.is_readonly("main").map_err(sqlite)? {
        return Err(Error::open(path, OpenError::ReadOnly));
    }
    connection.busy_timeout(options.busy_timeout).map_err(sqlite)?;
    let mode = use_wal(&connection, options.busy_timeout).map_err(sqlite)?;
    if mode != "wal" {
        return Err(Error::open(path, OpenError::NoWal(mode)));
    }
    let synchronous = match options.synchronous {
        Synchronous::Full => "full",
        Synchronous::Normal => "normal",
    };
    connection.pragma_update(None, "synchronous", synchronous).map_err(sqlite)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(sqlite)?;
    checkpoint::limit(&connection).map_err(sqlite)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Has the file's changes written to a log first; gives the mode that it is in then.
///
/// Where several create a file at the same time, each has it open to read and wants to write. SQLite sees that they
/// would wait for each other, and refuses them at once, whatever the timeout is.
fn use_wal(connection: &Connection, timeout: Duration) -> rusqlite::Result<String> {
    let end = Instant::now() + timeout;
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < end =>
            {
                std::thread::park_timeout(PAUSE);
            }
            mode => return mode,
        }
    }
}

/// About what it takes another one to create the file.
const PAUSE: Duration = Duration::from_millis(5);

/// A connection that only reads, of a file that [`writer`] opened.
pub(crate) fn reader(options: &DatabaseOptions) -> Result<Connection> {
    let open = || {
        let connection = open(options, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(options.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    };
    open().map_err(|cause| Error::open(&options.path, OpenError::Sqlite(Arc::new(cause))))
}

/// How many KiB of pages the connection that writes keeps. SQLite's 2,000 are too few for a transaction of all that can
/// wait in a queue: what doesn't fit is written once more, and many events take a fifth longer.
const CACHE_KIB: i64 = 16 << 10;

/// Statements that a connection keeps prepared: more than a program of a usual size has.
const STATEMENTS: usize = 128;

/// Without `SQLITE_OPEN_URI`: a path is a path, whatever it starts with. Each connection stays on one thread.
fn open(options: &DatabaseOptions, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match &options.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(&options.path, flags, vfs.as_str()),
        None => Connection::open_with_flags(&options.path, flags),
    }
}
