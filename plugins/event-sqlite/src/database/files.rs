//! How the writer looks after a database's files: whether they are still the opened ones, and how the log gets into the
//! database.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::database::Core;
use crate::database::checkpoint::{self, Emptied};
use crate::error::{Error, Result};
use crate::log::{line, log};

/// How long closing waits for readers, of this program and of others, before it leaves a log beside the file.
pub(crate) const LONGEST_END: Duration = Duration::from_secs(1);

/// Before a transaction: an error if a file isn't the one that was opened. If that isn't the database itself, committed data
/// moves into it.
pub(crate) fn check(connection: &Connection, core: &Core) -> Result<()> {
    let Some(file) = core.identity.changed() else { return Ok(()) };
    let error = Error::Replaced { path: core.path.clone(), file: file.to_owned() };
    if core.identity.can_empty_the_log() {
        empty_the_log(connection, core);
    }
    Err(error)
}

/// After a commit, which counts if all of it is in the database.
pub(crate) fn check_committed(connection: &Connection, core: &Core) -> Result<()> {
    core.identity.remember();
    let Some(file) = core.identity.changed() else { return Ok(()) };
    let error = Error::Replaced { path: core.path.clone(), file: file.to_owned() };
    if core.identity.can_empty_the_log() && empty_the_log(connection, core) {
        return Ok(());
    }
    Err(error)
}

/// Moves the log into the database, without waiting for other connections. Gives whether all of it is there.
pub(crate) fn empty_the_log(connection: &Connection, core: &Core) -> bool {
    let emptied = checkpoint::empty(connection, Duration::ZERO);
    let _ = connection.busy_timeout(core.options.busy_timeout);
    matches!(emptied, Ok(Emptied::All))
}

/// Waits for the readers and moves everything into the database: then a copy of the file alone has every event.
pub(crate) fn prepare_to_close(connection: &Connection, core: &Core) {
    let readers_ended = core.readings.wait_for_none(core.deadline().max(Instant::now() + LONGEST_END));
    if core.identity.changed().is_some() && !core.identity.can_empty_the_log() {
        // The file at this path isn't the one that is open. The writes since then were refused.
        return;
    }
    let cause = match checkpoint::empty(connection, LONGEST_END) {
        Ok(Emptied::All) => None,
        Ok(Emptied::InUse) if readers_ended => Some("it is in use by another program".to_owned()),
        Ok(Emptied::InUse) => Some("a read of this program still runs".to_owned()),
        Err(cause) => Some(line(&cause)),
    };
    if let Some(cause) = cause {
        let path = core.path.display();
        log(format_args!(
            "failed to move what was written from {path}-wal into {path}: {cause}; copy both files together"
        ));
    }
}
