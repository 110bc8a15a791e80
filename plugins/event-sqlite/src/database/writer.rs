//! The thread that writes to a database: everything that waits in one transaction, and then everybody is told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::database::Core;
use crate::database::batch::{Batch, Next, What};
use crate::database::checkpoint::{self, Emptied};
use crate::database::guard::Guard;
use crate::database::inside::{self, Side};
use crate::database::job::{Job, Turn, Undo};
use crate::database::pace::{Pace, ROUNDS};
use crate::database::queue::{Awake, Worth};
use crate::error::{Error, Result};
use crate::log::{line, log};
use crate::row::{self, Inserter, Row};
use crate::sync::{pause, thread};

/// Starts the thread. The receiver is told when everything is written that can be, and fails when the file is closed.
pub(crate) fn spawn(mut connection: Connection, core: Arc<Core>) -> Result<mpsc::Receiver<()>> {
    let path = core.path.clone();
    let name = format!("event-sqlite write {}", core.name);
    let guard = Guard::of(&mut connection).map_err(|cause| Error::sqlite(&path, cause))?;
    let writer = Writer { connection, core, guard };
    let (ended, receiver) = mpsc::channel();
    let run = move || {
        writer.run();
        let _ = ended.send(());
        writer.close();
        drop(ended);
    };
    thread::Builder::new().name(name).spawn(run).map_err(|cause| Error::thread(&path, cause))?;
    Ok(receiver)
}

struct Writer {
    connection: Connection,
    core: Arc<Core>,
    guard: Guard,
}

/// A quarter of a commit is what waiting may cost, since not to wait costs half of one. A commit that took longer than
/// four of these waited for something else than the disk.
const LONGEST_GATHERING: Duration = Duration::from_millis(1);

/// How long the end waits for those who read, of this program and of others, before it leaves a log beside the file.
pub(crate) const LONGEST_END: Duration = Duration::from_secs(1);

/// Why a transaction ended before it was committed.
struct Broken {
    error: Error,
    /// The job that broke it, if it was one.
    by: Option<usize>,
}

/// What became of the rows of a transaction.
#[derive(Default)]
struct Rows {
    inserted: usize,
    /// Those that couldn't be inserted, in order.
    failed: Vec<(usize, Error)>,
}

impl Writer {
    fn run(&self) {
        inside::enter(self.core.id, Side::Writes);
        let _abandon = Abandon(&self.core);
        let mut batch = Batch::default();
        let mut pace = Pace::Idle;
        let mut retry = Retry::default();
        loop {
            if batch.is_empty() {
                if !pace.wait(&self.core.queue, || self.look_after_the_log()) {
                    return;
                }
            } else if !retry.wait(&self.core) {
                // With what came since the last try.
                self.core.set_left(self.core.queue.waiting());
                return;
            }
            self.core.queue.take(&mut batch);
            let (all, awaited, start) = (batch.len(), batch.awaited(), Instant::now());
            let error = self.write(&mut batch);
            if error.is_some() {
                self.core.queue.answered(&batch);
            }
            self.report(error, batch.len());
            if batch.is_empty() {
                retry = Retry::default();
            }
            pace = if awaited < all {
                Pace::Linger { rounds: ROUNDS }
            } else if awaited > 1 {
                Pace::Gather { awaited, longest: (start.elapsed() / 4).min(LONGEST_GATHERING) }
            } else {
                Pace::Idle
            };
        }
    }

    /// Shortens a log that became long, while nobody waits. If it fails, the next commit says why.
    fn look_after_the_log(&self) {
        if checkpoint::is_long(&self.core.file) {
            let _ = checkpoint::empty(&self.connection, Duration::ZERO);
            let _ = self.connection.busy_timeout(self.core.options.busy_timeout);
        }
    }

    /// Closes the file after all who read it, with everything in it: then a copy of the file alone has every event.
    fn close(self) {
        let Self { connection, core, .. } = self;
        let readers_ended = core.readings.wait_for_none(core.deadline().max(Instant::now() + LONGEST_END));
        let cause = match checkpoint::empty(&connection, LONGEST_END) {
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
        drop(connection);
    }

    /// Writes what it can and answers whoever waits. What stays in the batch are rows that nobody waits for, and the
    /// error is why.
    fn write(&self, batch: &mut Batch) -> Option<Error> {
        loop {
            match self.transaction(batch) {
                Ok(rows) => {
                    self.committed(batch, rows);
                    return None;
                }
                Err(Broken { error, by: Some(job) }) => self.fail_jobs(batch, job, &error),
                Err(Broken { error, by: None }) => {
                    fail_all(batch, &error);
                    return Some(error);
                }
            }
        }
    }

    fn transaction(&self, batch: &mut Batch) -> Result<Rows, Broken> {
        let connection = &self.connection;
        let broken = |cause| Broken { error: Error::sqlite(&self.core.path, cause), by: None };
        execute(connection, BEGIN).map_err(broken)?;
        let written = self.write_all(batch);
        let committed = match written {
            Ok(rows) => execute(connection, COMMIT).map(|()| rows).map_err(broken),
            Err(broken) => Err(broken),
        };
        if committed.is_err() && !connection.is_autocommit() {
            // If this fails too, the next BEGIN says so.
            let _ = execute(connection, ROLLBACK);
        }
        committed
    }

    fn write_all(&self, batch: &mut Batch) -> Result<Rows, Broken> {
        let path = &self.core.path;
        let mut inserter = Inserter::new(&self.connection);
        let mut rows = Rows::default();
        let mut at = 0;
        while let Some(next) = batch.next(at) {
            match next {
                Next::Rows(range) => {
                    let Rows { inserted, failed } = &mut rows;
                    let failed =
                        |place, cause| failed.push((range.start + place, Error::sqlite(path, cause)));
                    let those = range.clone().map(|at| batch.row(at));
                    match inserter.insert(those, failed) {
                        Ok(count) => *inserted += count,
                        Err(cause) => return Err(Broken { error: Error::sqlite(path, cause), by: None }),
                    }
                    at = range.end;
                }
                Next::Job(place, job) => {
                    match self.run_job(&mut **job, &mut inserter) {
                        Ok(count) => rows.inserted += count,
                        Err(error) => return Err(Broken { error, by: Some(place) }),
                    }
                    at = place + 1;
                }
            }
        }
        Ok(rows)
    }

    /// Runs a closure in a savepoint of its own. An error means that the transaction is gone, not that the closure
    /// failed.
    fn run_job(&self, job: &mut dyn Job, inserter: &mut Inserter<'_>) -> Result<usize> {
        let connection = &self.connection;
        let path = &self.core.path;
        let keeps = self.core.ledger().is_some();
        let sqlite = |cause| Error::sqlite(path, cause);
        execute(connection, SAVEPOINT).map_err(sqlite)?;
        let mut count = 0;
        let mut bytes = Vec::new();
        let mut keep = |events: &[event_core::Prepared]| {
            for event in events.iter().filter(|_| keeps) {
                bytes.clear();
                row::encode(event.event(), &mut bytes)?;
                count += inserter.insert_one(&bytes)?;
            }
            Ok(())
        };
        let done = self.guard.run(|| job.run(&mut Turn { connection, path, keep: &mut keep }));
        if connection.is_autocommit() {
            return Err(Error::EndedTransaction { path: path.clone() });
        }
        if let Err(Undo) = done {
            count = 0;
            execute(connection, ROLLBACK_TO).map_err(sqlite)?;
        }
        execute(connection, RELEASE).map_err(sqlite)?;
        Ok(count)
    }

    fn committed(&self, batch: &mut Batch, rows: Rows) {
        if let Some(ledger) = self.core.ledger() {
            ledger.add_written(rows.inserted);
        }
        // First, or somebody who was answered could find its write still waiting.
        self.core.queue.answered(&Batch::default());
        let mut failed = rows.failed.into_iter().peekable();
        for at in 0..batch.len() {
            let error = failed.next_if(|(place, _)| *place == at).map(|(_, error)| error);
            match batch.take(at) {
                What::Row(Some(answer)) => {
                    // Whoever doesn't wait any more has its event all the same.
                    let _ = answer.send(error.map_or(Ok(()), Err));
                }
                What::Row(None) => {
                    if let Some(error) = error {
                        self.refuse(batch.row(at), &error);
                    }
                }
                What::Job(job) => answer(job, Ok(())),
                What::Answered => {}
            }
        }
        batch.clear();
    }

    /// The job at `place` broke the transaction. It fails, and so do those that had run before it; everything else can
    /// be written without it.
    fn fail_jobs(&self, batch: &mut Batch, place: usize, error: &Error) {
        for at in 0..=place {
            let Some(job) = batch.take_job(at) else { continue };
            let error = match at {
                _ if at == place => error.clone(),
                _ => Error::RolledBack { path: self.core.path.clone(), cause: Arc::new(error.clone()) },
            };
            answer(job, Err(error));
        }
    }

    /// The row can't be in the table, now or later, and nobody waits who could be told.
    fn refuse(&self, row: &[u8], error: &Error) {
        let row = Row::decode(row);
        let (name, id) = (String::from_utf8_lossy(row.name), String::from_utf8_lossy(row.id));
        log(format_args!("event `{name}` with id {id} is refused by the database: {}", line(error)));
        if let Some(ledger) = self.core.ledger() {
            ledger.add_refused();
        }
    }

    /// Says once when rows can't be written, and once when they can again.
    fn report(&self, error: Option<Error>, left: usize) {
        let Some(ledger) = self.core.ledger() else { return };
        let error = error.filter(|_| left > 0);
        let path = self.core.path.display();
        match (ledger.set_failing(error.clone()), error) {
            (None, Some(error)) => log(format_args!(
                "{left} events wait in memory and are tried again, because they can't be written: {}",
                line(&error)
            )),
            (Some(_), None) => log(format_args!("{path}: events are written again")),
            _ => {}
        }
    }
}

/// Nothing can be written. Whoever waits is told; rows that nobody waits for stay.
fn fail_all(batch: &mut Batch, error: &Error) {
    for at in 0..batch.len() {
        match batch.take_awaited(at) {
            Some(What::Row(Some(answer))) => {
                let _ = answer.send(Err(error.clone()));
            }
            Some(What::Job(job)) => answer(job, Err(error.clone())),
            _ => {}
        }
    }
    batch.keep_unanswered();
}

/// A value of the application's whose `drop` panics is no reason to write nothing any more.
fn answer(job: Box<dyn Job>, transaction: Result<()>) {
    if catch_unwind(AssertUnwindSafe(|| job.answer(transaction))).is_err() {
        log(format_args!("what a closure returned panicked when it was dropped"));
    }
}

/// When rows that can't be written are tried again.
#[derive(Default)]
struct Retry {
    pause: Duration,
}

impl Retry {
    const FIRST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(2);

    /// Gives `false` when there is no time left.
    fn wait(&mut self, core: &Core) -> bool {
        self.pause = (self.pause * 2).clamp(Self::FIRST, Self::LONGEST);
        // Somebody who waits is worth a try at once, and gets its error if it fails.
        let worth = Worth { entries: usize::MAX, awaited: 1 };
        if core.queue.sleep(worth, Some(self.pause)) != Awake::Closed {
            return true;
        }
        let left = core.deadline().saturating_duration_since(Instant::now());
        pause(left.min(Self::FIRST));
        !left.is_zero()
    }
}

/// Whatever ends the thread, nobody waits for it any longer.
struct Abandon<'c>(&'c Core);

impl Drop for Abandon<'_> {
    fn drop(&mut self) {
        self.0.queue.abandon();
    }
}

// The comments keep them apart from what a closure prepares: a statement that is prepared already isn't asked whether
// the closure may run it.
const BEGIN: &str = "BEGIN IMMEDIATE -- event-sqlite";
const COMMIT: &str = "COMMIT -- event-sqlite";
const ROLLBACK: &str = "ROLLBACK -- event-sqlite";
const SAVEPOINT: &str = "SAVEPOINT event_sqlite";
const ROLLBACK_TO: &str = "ROLLBACK TO event_sqlite";
const RELEASE: &str = "RELEASE event_sqlite";

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(drop)
}
