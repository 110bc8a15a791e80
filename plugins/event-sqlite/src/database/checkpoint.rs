//! How the write-ahead log gets into the file, and how large it stays.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Result};

/// How large the log is after a checkpoint at most, where it was larger: as large as it usually gets between two.
const USUAL: i64 = 4 << 20;

/// A log that is longer than this is emptied after a while without writes.
const LONG: u64 = 1 << 20;

/// The result of emptying a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Emptied {
    /// Everything is in the file, and the log is empty.
    All,
    /// A connection that reads or writes keeps a part of it.
    InUse,
}

/// Truncates the log to its usual size, if a long read made it longer.
pub(crate) fn limit(connection: &Connection) -> Result<()> {
    connection.pragma_update_and_check(None, "journal_size_limit", USUAL, |_| Ok(()))
}

/// Whether the log of this file is worth emptying.
pub(crate) fn is_long(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > LONG)
}

/// Moves everything into the file. Waits so long for others who use it.
pub(crate) fn empty(connection: &Connection, longest: Duration) -> Result<Emptied> {
    connection.busy_timeout(longest)?;
    let is_busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))?;
    Ok(if is_busy { Emptied::InUse } else { Emptied::All })
}
