//! A SQLite file: one thread that writes to it, and some that read.

mod checkpoint;
mod commit_guard;
mod connect;
mod directory;
mod files;
mod frame;
mod identity;
#[cfg(all(test, shuttle))]
mod interleavings;
mod job;
mod mode;
mod open;
mod options;
mod probe;
mod readers;
mod reading;
pub(crate) mod reentrancy;
mod retry;
mod sharing;
mod transaction;
mod writer;

use std::borrow::Cow;
use std::panic::Location;
use std::path::Path;
use std::sync::Arc;

use event_core::{App, Durability, Scope};
use event_journal::waiting::{ReportLate, Runtime, call_depth, report_late};
use futures_channel::oneshot;
use rusqlite::{Connection, Params};

pub(crate) use self::identity::Identity;
use self::job::Closure;
pub(crate) use self::mode::{Mode, wider};
pub(crate) use self::open::{Core, Deadline, Open};
pub(crate) use self::options::read_by_name;
pub use self::options::{DatabaseOptions, Synchronous};
use self::reading::Reading;
pub use self::transaction::{TrackedInTx, Tx};
use crate::delivery::{Caller, Deliveries, Progress, Written};
use crate::error::{Result, Waiting};

/// A database of an app: `app.database("events")`. A cheap clone.
///
/// ```
/// use event_core::prelude::*;
/// use event_sqlite::{DatabaseOptions, SqliteExt};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("notes.db");
/// let app = App::builder().without_linked().start().wait()?;
/// let notes = app.add_database("notes", DatabaseOptions::new(path))?;
/// notes.execute_write("CREATE TABLE note (text TEXT NOT NULL) STRICT", ()).wait()?;
/// notes.execute_write("INSERT INTO note (text) VALUES (?)", ("water the plants",)).wait()?;
/// let count: i64 = notes.read(|db| Ok(db.query_row("SELECT count(*) FROM note", (), |row| row.get(0))?)).wait()?;
/// assert_eq!(count, 1);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Database {
    app: App,
    open: Arc<Open>,
    deliveries: Arc<Deliveries>,
}

impl Database {
    pub(crate) fn new(app: App, open: Arc<Open>, deliveries: Arc<Deliveries>) -> Self {
        Self { app, open, deliveries }
    }

    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// What those wait for who read.
    pub(crate) fn readers_turn(&self) -> String {
        readers_turn(&self.open)
    }

    /// What a call waits for that writes here.
    pub(crate) fn writes(&self) -> Arc<dyn ReportLate> {
        self.open.clone()
    }

    /// The runtime for implementations.
    pub(crate) fn runtime(&self) -> Runtime {
        self.deliveries.runtime()
    }

    /// The name under which the app knows it.
    pub fn name(&self) -> &str {
        &self.open.core.name
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.open.core.path
    }

    /// Opens another connection that reads, later and on another thread.
    pub(crate) fn connects(&self) -> impl FnOnce() -> Result<ReadConnection> + Send + 'static {
        let core = self.open.core.clone();
        let reading = core.readings.start();
        move || connect::reader(&core).map(|connection| ReadConnection { connection, _reading: reading })
    }

    /// Executes one statement that writes; gives how many rows it changed.
    ///
    /// Parameters are what rusqlite takes, by value: `()`, `(name, 17)`, `[1, 2]`, `params_from_iter(vec)`.
    ///
    /// # Errors
    /// Those of [`write`](Self::write).
    #[track_caller]
    pub fn execute_write<P: Params + Send + 'static>(
        &self,
        sql: impl Into<Cow<'static, str>>,
        params: P,
    ) -> Waiting<usize> {
        let sql = sql.into();
        let written = self.write(move |tx| Ok(tx.prepare_cached(&sql)?.execute(params)?));
        written.map(|written| written.value)
    }

    /// Runs a closure in a transaction, on the thread that writes to this database, and commits.
    ///
    /// Writes that wait at the same time are committed together, except in a database where what one of them does can
    /// fail the commit or end the transaction: a deferred foreign key, or a trigger or constraint that rolls back. An
    /// error or a panic of the closure undoes what it wrote, and nothing else.
    ///
    /// Once it was polled, it is done, also when its caller stops waiting. A failure that no caller waits for is a line on
    /// standard error. A closure that tracks and whose turn comes only when the app shuts down fails, as everything does
    /// that tracks then; where its caller had stopped waiting, the shutdown is [`Error::Unwritten`](crate::Error::Unwritten).
    ///
    /// # Errors
    /// The closure's own, as it is; [`Error::Panicked`](crate::Error::Panicked); what SQLite says when it can't
    /// begin or commit; [`Error::Inside`](crate::Error::Inside) in a closure that writes to this very database;
    /// [`Error::Circle`](crate::Error::Circle) in a closure of another one that a closure of this one waits for.
    /// In every case nothing is written, and no event happened. One exception: where the disk fails to keep a commit
    /// (`SQLITE_IOERR_FSYNC`) and the process dies before another one is written, the next start may find it in the
    /// log. A retry with the same ids is safe either way.
    #[track_caller]
    pub fn write<T, F>(&self, closure: F) -> Waiting<Written<T>>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.write_with(Durability::OnDisk, closure)
    }

    /// The same, without a sync where nothing that is committed with it needs one: a power loss can undo it, as long as nothing was
    /// written after it.
    #[track_caller]
    pub(crate) fn write_with<T, F>(&self, durability: Durability, closure: F) -> Waiting<Written<T>>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        let Self { app, open, deliveries } = self.clone();
        let (place, scope) = (Location::caller(), Scope::current());
        let progress = Arc::<Progress>::default();
        let late = LateWrite { open: self.open.clone(), progress: progress.clone() };
        Waiting::on(Arc::new(late), place, async move {
            let core = &open.core;
            core.may_write()?;
            let _waits = reentrancy::wait_for(core.id, &core.path)?;
            let table_state = core.table_state().cloned();
            let caller = Caller {
                place,
                scope,
                depth: call_depth::depth() + 1,
                runtime: deliveries.runtime_of_caller(),
                progress,
            };
            let delivered = caller.clone();
            let deliver = Box::new(move |value, events, sender| {
                deliveries.deliver(table_state, value, events, sender, &delivered);
            });
            let (sender, receiver) = oneshot::channel();
            let job = Closure::boxed(app, caller, durability, closure, deliver, sender);
            core.queue.push_job(job).await.map_err(|_| core.closed())?;
            receiver.await.unwrap_or_else(|_| Err(core.closed()))
        })
    }

    /// Runs a closure on a connection that can only read, on a thread of its own. All that the closure reads is one
    /// state of the database, with every write in it that was answered before. An interrupt handle that outlives the closure
    /// interrupts the reads of others.
    ///
    /// # Errors
    /// The closure's own, as it is; [`Error::Panicked`](crate::Error::Panicked);
    /// [`Error::WriteInRead`](crate::Error::WriteInRead) when it writes;
    /// [`Error::Inside`](crate::Error::Inside) in a closure that reads or writes this very database.
    #[track_caller]
    pub fn read<T, F>(&self, closure: F) -> Waiting<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let (Self { open, deliveries, .. }, place) = (self.clone(), Location::caller());
        let reads = Arc::new(LateRead { open: open.clone() });
        Waiting::on(reads, place, async move {
            open.core.may_read()?;
            let (depth, runtime) = (call_depth::depth() + 1, deliveries.runtime_of_caller());
            drop(deliveries);
            let closure = move |connection: &Connection| {
                let _at = call_depth::At::depth(depth);
                runtime.run(|| closure(connection))
            };
            open.readers.read(place, closure)?.await.unwrap_or_else(|_| Err(open.core.closed()))
        })
    }
}

/// A write that is waited for long.
struct LateWrite {
    open: Arc<Open>,
    progress: Arc<Progress>,
}

impl ReportLate for LateWrite {
    fn report_late(&self, place: &Location<'_>) {
        match self.progress.waits_for() {
            Some(why) => report_late(&self.open.core.path.display().to_string(), place, &why),
            None => self.open.report_late(place),
        }
    }
}

/// A read that is waited for long.
struct LateRead {
    open: Arc<Open>,
}

impl ReportLate for LateRead {
    fn report_late(&self, place: &Location<'_>) {
        report_late(&self.open.core.path.display().to_string(), place, &readers_turn(&self.open));
    }
}

/// Which closures keep the readers busy.
fn readers_turn(open: &Open) -> String {
    let running = open.readers.running();
    let running: Vec<_> = running.iter().map(|place| format!("{}:{}", place.file(), place.line())).collect();
    match running.as_slice() {
        [] => "no closure that reads has its turn there".to_owned(),
        [one] => format!("the closure at {one} has its turn there, and hasn't ended"),
        several => {
            format!("the closures at {} have their turns there, and haven't ended", several.join(", "))
        }
    }
}

/// A connection that reads, on a thread of its own. The database is closed after it.
pub(crate) struct ReadConnection {
    connection: Connection,
    _reading: Reading,
}

impl ReadConnection {
    /// A number that another connection's commit changes.
    pub(crate) fn data_version(&self) -> Option<i64> {
        self.connection.pragma_query_value(None, "data_version", |row| row.get(0)).ok()
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("name", &self.name())
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}
