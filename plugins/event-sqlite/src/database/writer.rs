//! The thread that writes to a database: all waiting entries in one transaction, then their callers are answered.

use std::cell::Cell;
use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use event_journal::queue::{Next, Pace, What};
use event_journal::sync::thread;
use event_journal::waiting::{contained, discard};
use rusqlite::{Connection, ffi};

use crate::database::Core;
use crate::database::checkpoint;
use crate::database::commit_guard::Guard;
use crate::database::connect;
use crate::database::files;
use crate::database::frame::Frame;
use crate::database::job::{Answer, Batch, Job, Turn, Undo};
use crate::database::options::Synchronous;
use crate::database::probe;
use crate::database::reentrancy::{self, Side};
use crate::database::retry::Retry;
use crate::database::sharing::Sharing;
use crate::error::{Error, Result};
use crate::log::{line, log};
use crate::row::{self, Inserter, Row};

/// Starts the thread. The receiver gets a message when all that can be written is written, and fails when the file is closed.
pub(crate) fn spawn(mut connection: Connection, core: Arc<Core>) -> Result<mpsc::Receiver<()>> {
    let path = core.path.clone();
    let name = format!("event-sqlite write {}", core.name);
    let guard =
        Guard::of(&mut connection, core.options.busy_timeout).map_err(|cause| Error::sqlite(&path, cause))?;
    let synchronous = Cell::new(core.options.synchronous);
    let writer =
        Writer { connection, synchronous, said: Cell::default(), core, guard, sharing: Sharing::default() };
    let (ended, receiver) = mpsc::channel();
    let run = move || {
        writer.run();
        let _ = ended.send(());
        let Writer { connection, core, .. } = writer;
        files::prepare_to_close(&connection, &core);
        drop(connection);
        drop(ended);
    };
    thread::Builder::new().name(name).spawn(run).map_err(|cause| Error::thread(&path, cause))?;
    Ok(receiver)
}

struct Writer {
    connection: Connection,
    /// Whether commits wait for the disk.
    synchronous: Cell<Synchronous>,
    /// Whether waiting events were reported.
    said: Cell<bool>,
    core: Arc<Core>,
    guard: Guard,
    sharing: Sharing,
}

/// Waiting may cost a quarter of a commit, since not waiting costs half of one. A commit that took longer than four of these
/// waited for something else than the disk.
const LONGEST_GATHERING: Duration = Duration::from_millis(1);

/// Why a transaction ended before it was committed.
struct Broken {
    error: Error,
    by: Culprit,
}

/// What broke a transaction.
enum Culprit {
    /// The job at this place.
    Job(usize),
    /// One of these rows, by what only a commit shows.
    Rows(Range<usize>),
    /// No single entry: every entry would have failed.
    Surroundings,
}

/// What one transaction wrote of a batch.
struct Part {
    /// The places of it.
    range: Range<usize>,
    inserted: usize,
    /// The entries that couldn't be written, in order.
    failed: Vec<(usize, Error)>,
    /// The last job of it.
    job: Option<usize>,
}

/// The outcome of a job that didn't break its transaction.
struct Ran {
    inserted: usize,
    /// Why it can't be written although the closure succeeded.
    failed: Option<Error>,
    /// Whether others can be written in the same transaction.
    shared: bool,
}

impl Part {
    fn culprit(&self, cause: &rusqlite::Error) -> Culprit {
        let is_key = matches!(cause, rusqlite::Error::SqliteFailure(error, _)
            if error.extended_code == ffi::SQLITE_CONSTRAINT_FOREIGNKEY);
        match self.job {
            _ if !is_key => Culprit::Surroundings,
            Some(job) => Culprit::Job(job),
            None => Culprit::Rows(self.range.clone()),
        }
    }
}

impl Writer {
    fn run(&self) {
        reentrancy::enter(self.core.id, Side::Writes);
        let _abandon = Abandon(&self.core);
        let frame = Frame::of(&self.connection).expect("a statement without tables can be prepared");
        let mut batch = Batch::default();
        let mut pace = Pace::Idle;
        let mut retry = Retry::default();
        loop {
            if batch.is_empty() {
                if !pace.wait(&self.core.queue, || self.look_after_the_file()) {
                    return;
                }
            } else if !retry.wait(&self.core) {
                return;
            }
            self.core.queue.take(&mut batch);
            let (synced, awaited, start) = (batch.synced(), batch.awaited(), Instant::now());
            let error = match contained(|| self.write(&frame, &mut batch)) {
                Ok(error) => error,
                Err(message) => Some(self.recover(&frame, &mut batch, message)),
            };
            if error.is_some() {
                self.core.queue.answered(batch.left_from(0));
            }
            self.report(error.as_ref(), batch.len());
            if batch.is_empty() {
                retry = Retry::default();
            }
            pace = if synced == 0 {
                // Without a sync there is nothing to share.
                pace
            } else if awaited < synced {
                Pace::Linger
            } else if awaited > 1 {
                Pace::Gather { awaited, longest: (start.elapsed() / 4).min(LONGEST_GATHERING) }
            } else {
                Pace::Idle
            };
        }
    }

    /// After a panic that isn't a closure's: this thread goes on, and the callers of the broken batch get an error.
    fn recover(&self, frame: &Frame<'_>, batch: &mut Batch, message: String) -> Error {
        if !self.connection.is_autocommit() {
            // If this fails too, the next BEGIN says so.
            let _ = frame.rollback.run();
        }
        let error = Error::Panicked { path: self.core.path.clone(), message };
        log(format_args!("the writing thread panicked and goes on: {}", line(&error)));
        fail_all(&self.core, batch, &error);
        error
    }

    /// While nothing waits: shortens a log that became long, and finds out whether events can be written. If shortening
    /// fails, the next commit says why.
    fn look_after_the_file(&self) {
        if checkpoint::is_long(&self.core.file) {
            files::empty_the_log(&self.connection, &self.core);
        }
        let Some(table_state) = self.core.table_state() else { return };
        if let Err(error) = files::check(&self.connection, &self.core) {
            table_state.set_failing(Some(error));
        } else if table_state.failing().is_some() && probe::can_keep_an_event(&self.connection) {
            table_state.set_failing(None);
        }
    }

    /// Writes what it can and answers the callers. Rows without callers that couldn't be written stay in the batch; the error
    /// says why.
    fn write(&self, frame: &Frame<'_>, batch: &mut Batch) -> Option<Error> {
        let (mut from, mut one_by_one) = (0, 0);
        while batch.next(from).is_some() {
            let most = if from < one_by_one { 1 } else { usize::MAX };
            match self.transaction(frame, batch, from, most) {
                Ok(part) => {
                    from = part.range.end;
                    self.committed(batch, part);
                }
                Err(Broken { error, by: Culprit::Job(job) }) => self.fail_jobs(batch, from..=job, &error),
                Err(Broken { error, by: Culprit::Rows(rows) }) if rows.len() == 1 => {
                    from = rows.end;
                    self.answer(batch, rows.start, Some(error));
                }
                Err(Broken { by: Culprit::Rows(rows), .. }) => one_by_one = rows.end,
                Err(Broken { error, by: Culprit::Surroundings }) => {
                    fail_all(&self.core, batch, &error);
                    return Some(error);
                }
            }
        }
        batch.clear();
        self.core.queue.answered(batch.left_from(0));
        None
    }

    /// Writes as much as fits in one transaction from this index on, `most_rows` at most.
    fn transaction(
        &self,
        frame: &Frame<'_>,
        batch: &mut Batch,
        from: usize,
        most_rows: usize,
    ) -> Result<Part, Broken> {
        let broken = |by, cause| Broken { error: Error::sqlite(&self.core.path, cause), by };
        files::check(&self.connection, &self.core)
            .map_err(|error| Broken { error, by: Culprit::Surroundings })?;
        self.synchronize(batch)
            .and_then(|()| frame.begin.run())
            .map_err(|cause| broken(Culprit::Surroundings, cause))?;
        let written = self.write_part(frame, batch, from, most_rows);
        let committed = written.and_then(|part| match frame.commit.run() {
            Ok(()) => match files::check_committed(&self.connection, &self.core) {
                Ok(()) => Ok(part),
                Err(error) => Err(Broken { error, by: Culprit::Surroundings }),
            },
            Err(cause) => Err(broken(part.culprit(&cause), cause)),
        });
        if committed.is_err() && !self.connection.is_autocommit() {
            // If this fails too, the next BEGIN says so.
            let _ = frame.rollback.run();
        }
        committed
    }

    /// A commit of entries that needn't be on disk syncs nothing. The next one that has to be there syncs them, too: they are
    /// before it in the log.
    fn synchronize(&self, batch: &Batch) -> rusqlite::Result<()> {
        let wanted = if batch.synced() > 0 { self.core.options.synchronous } else { Synchronous::Normal };
        if wanted != self.synchronous.get() {
            connect::synchronize(&self.connection, wanted)?;
            self.synchronous.set(wanted);
        }
        Ok(())
    }

    fn write_part(
        &self,
        frame: &Frame<'_>,
        batch: &mut Batch,
        from: usize,
        most_rows: usize,
    ) -> Result<Part, Broken> {
        let surroundings =
            |cause| Broken { error: Error::sqlite(&self.core.path, cause), by: Culprit::Surroundings };
        let connection = &self.connection;
        let mut inserter = Inserter::new(connection, &self.core.path);
        let mut part = Part { range: from..from, inserted: 0, failed: Vec::new(), job: None };
        let mut is_empty = true;
        // Asked for when a job comes.
        let mut is_shared = None;
        while let Some(next) = batch.next(part.range.end) {
            match next {
                Next::Rows(range) => {
                    let range = range.start..range.end.min(range.start.saturating_add(most_rows));
                    insert(&mut inserter, batch, range, &mut part)
                        .map_err(|error| Broken { error, by: Culprit::Surroundings })?;
                    if most_rows < usize::MAX {
                        break;
                    }
                }
                Next::Job(place, job) => {
                    let shared = match is_shared {
                        Some(shared) => shared,
                        None => *is_shared.insert(self.sharing.is_safe(connection).map_err(surroundings)?),
                    };
                    if !shared && !is_empty {
                        break;
                    }
                    let ran = self.run_job(frame, &mut **job, &mut inserter, shared);
                    let ran = ran.map_err(|error| Broken { error, by: Culprit::Job(place) })?;
                    part.inserted += ran.inserted;
                    part.failed.extend(ran.failed.map(|error| (place, error)));
                    part.job = Some(place);
                    part.range.end = place + 1;
                    if !ran.shared {
                        break;
                    }
                }
            }
            is_empty = false;
        }
        Ok(part)
    }

    /// Runs a closure in a savepoint of its own. An error means that the transaction is gone, not that the closure
    /// failed.
    fn run_job(
        &self,
        frame: &Frame<'_>,
        job: &mut dyn Job,
        inserter: &mut Inserter<'_>,
        shared: bool,
    ) -> Result<Ran> {
        let Self { connection, guard, .. } = self;
        let path = &self.core.path;
        let keeps = self.core.table_state().is_some();
        let sqlite = |cause| Error::sqlite(path, cause);
        frame.savepoint.run().map_err(sqlite)?;
        let mut kept = 0;
        let mut bytes = Vec::new();
        let mut keep = |events: &[event_core::plugin::Prepared]| {
            guard.lift(|| {
                for event in events.iter().filter(|_| keeps) {
                    bytes.clear();
                    row::encode(event.event(), &mut bytes)?;
                    kept += inserter.insert_one(&bytes)?;
                }
                Ok(())
            })
        };
        self.core.set_running(Some(job.place()));
        let mut done = guard.run(|| job.run(&mut Turn { connection, core: &self.core, keep: &mut keep }));
        self.core.set_running(None);
        guard.report_forgotten(connection, path, job.place());
        guard.restore(connection);
        if connection.is_autocommit() {
            return Err(Error::EndedTransaction { path: path.clone() });
        }
        let mut ran = Ran { inserted: kept, failed: None, shared };
        if done.is_ok()
            && let Err(cause) = self.clean_up(&mut ran)
        {
            ran.failed = Some(sqlite(cause));
            done = Err(Undo);
        }
        if let Err(Undo) = done {
            ran.inserted = 0;
            frame.rollback_to.run().map_err(sqlite)?;
        }
        frame.release.run().map_err(sqlite)?;
        Ok(ran)
    }

    /// After a closure that succeeded: removes its temporary objects, and checks its changes of the schema.
    fn clean_up(&self, ran: &mut Ran) -> rusqlite::Result<()> {
        self.guard.remove_temporary(&self.connection)?;
        if self.guard.schema_changed() && ran.shared {
            ran.shared = self.sharing.after_change(&self.connection)?;
        }
        Ok(())
    }

    fn committed(&self, batch: &mut Batch, part: Part) {
        if let Some(table_state) = self.core.table_state() {
            table_state.add_written(part.inserted);
            let by_the_disk = part.failed.iter().find(|(_, error)| probe::is_the_disks(error));
            if by_the_disk.is_some() || part.inserted > 0 {
                table_state.set_failing(by_the_disk.map(|(_, error)| error.clone()));
            }
        }
        // First, or an answered caller could find its write still waiting.
        self.core.queue.answered(batch.left_from(part.range.end));
        let mut failed = part.failed.into_iter().peekable();
        for at in part.range {
            let error = failed.next_if(|(place, _)| *place == at).map(|(_, error)| error);
            self.answer(batch, at, error);
        }
    }

    /// Answers the caller of the entry at this index.
    fn answer(&self, batch: &mut Batch, at: usize, error: Option<Error>) {
        match batch.take(at) {
            What::Row(Some(answer)) => {
                send(answer, error.map_or(Ok(()), Err));
            }
            What::Row(None) => {
                if let Some(error) = error {
                    self.refuse(batch.row(at), &error);
                }
            }
            What::Job(job) => answer(&self.core, job, error.map_or(Ok(()), Err)),
            What::Answered => {}
        }
    }

    /// The job at the end of this range broke the transaction. It fails, and so do those that ran before in it; all other
    /// entries can be written without it.
    fn fail_jobs(&self, batch: &mut Batch, places: RangeInclusive<usize>, error: &Error) {
        let culprit = *places.end();
        for at in places {
            let Some(job) = batch.take_job(at) else { continue };
            let error = match at {
                _ if at == culprit => error.clone(),
                _ => Error::RolledBack { path: self.core.path.clone(), cause: Arc::new(error.clone()) },
            };
            answer(&self.core, job, Err(error));
        }
    }

    /// The row can't ever be in the table, and has no caller that could get the error.
    fn refuse(&self, row: &[u8], error: &Error) {
        let row = Row::decode(row);
        let (name, id) = (String::from_utf8_lossy(row.name), String::from_utf8_lossy(row.id));
        log(format_args!("failed to store event `{name}` with id {id}: {}", line(error)));
        if let Some(table_state) = self.core.table_state() {
            table_state.add_refused();
        }
    }

    /// Reports once when events wait in memory because they can't be written, and once when they are written again.
    fn report(&self, error: Option<&Error>, left: usize) {
        if self.core.table_state().is_none() {
            return;
        }
        let path = self.core.path.display();
        match error {
            Some(error) if left > 0 && !self.said.replace(true) => log(format_args!(
                "failed to write {left} events, which wait in memory and are tried again: {}",
                line(error)
            )),
            None if self.said.replace(false) => log(format_args!("{path}: events are written again")),
            _ => {}
        }
    }
}

fn insert(inserter: &mut Inserter<'_>, batch: &Batch, range: Range<usize>, part: &mut Part) -> Result<()> {
    let failed = |place, error| part.failed.push((range.start + place, error));
    part.inserted += inserter.insert(range.clone().map(|at| batch.row(at)), failed)?;
    part.range.end = range.end;
    Ok(())
}

/// Nothing can be written. Callers that wait are told; rows without a caller stay.
fn fail_all(core: &Core, batch: &mut Batch, error: &Error) {
    // First: a caller may ask for the status as soon as it has its error.
    if let Some(table_state) = core.table_state() {
        table_state.set_failing(Some(error.clone()));
    }
    for at in 0..batch.len() {
        match batch.take_awaited(at) {
            Some(What::Row(Some(answer))) => {
                send(answer, Err(error.clone()));
            }
            Some(What::Job(job)) => answer(core, job, Err(error.clone())),
            _ => {}
        }
    }
    batch.keep_unanswered();
}

/// A caller that doesn't wait any more has its event all the same.
fn send(answer: Answer, outcome: Result<()>) {
    // What it wakes is the application's.
    discard(contained(|| answer.send(outcome)));
}

/// Gives a write's outcome to its caller. A failure that no caller waits for is a line, and is counted.
fn answer(core: &Core, job: Box<dyn Job>, transaction: Result<()>) {
    // The writer must survive a value whose `drop` panics.
    match contained(|| job.answer(transaction)) {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => {
            core.add_unheard();
            let path = core.path.display();
            log(format_args!("{path}: a write failed after its caller stopped waiting: {}", line(&failure)));
        }
        Err(message) => {
            log(format_args!("failed to return the outcome of a write to its caller: panicked: {message}"));
        }
    }
}

/// When the thread ends, by a panic or not, its callers stop waiting.
struct Abandon<'c>(&'c Core);

impl Drop for Abandon<'_> {
    fn drop(&mut self) {
        // Shutdown reports these as unwritten, however the thread ended.
        self.0.set_left(self.0.queue.waiting());
        self.0.queue.abandon();
    }
}
