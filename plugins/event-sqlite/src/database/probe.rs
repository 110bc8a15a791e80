//! Whether the store's table can take an event, asked when it couldn't.

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::error::Error;

/// Whether the disk or the file itself is why, and not what was to be written.
pub(crate) fn is_the_disks(error: &Error) -> bool {
    let of_the_disk = |code| {
        matches!(
            code,
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::PermissionDenied
                | ErrorCode::FileLockingProtocolFailed
        )
    };
    matches!(error, Error::Replaced { .. }) || error.code().is_some_and(of_the_disk)
}

/// Tries it with a row that is undone, and with a change that is written: the one fails where the table has no room,
/// the other where the disk has none.
pub(crate) fn can_keep_an_event(connection: &Connection) -> bool {
    const ROW: &str = "SAVEPOINT event_sqlite_probe;
        INSERT INTO main.events (id, name, version, created, properties) VALUES ('probe', 'probe', 1, '', '{}');
        ROLLBACK TO event_sqlite_probe;
        RELEASE event_sqlite_probe;
        UPDATE main.sqlite_sequence SET seq = seq WHERE name = 'events'";
    let probed = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
        .and_then(|transaction| transaction.execute_batch(ROW).and_then(|()| transaction.commit()));
    probed.is_ok()
}
