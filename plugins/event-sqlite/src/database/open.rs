//! An open database, from its first connection to its last write.

use std::panic::Location;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use event_journal::waiting::{Process, ReportLate, report_late};
use futures_channel::oneshot;
use rusqlite::Connection;

use crate::database::identity::Identity;
use crate::database::job::Queue;
use crate::database::options::DatabaseOptions;
use crate::database::readers::Readers;
use crate::database::reading::Readings;
use crate::database::reentrancy::{self, Id};
use crate::database::{connect, files, writer};
use crate::error::{Error, Result};
use crate::log::log;
use crate::row::TableState;

/// An open database, shared by its handles. When the last handle is dropped, its threads write the queue and end.
pub(crate) struct Open {
    pub(crate) core: Arc<Core>,
    pub(crate) readers: Readers,
    /// Fails to receive when the writer's thread has ended.
    writer_ended: Arc<Mutex<mpsc::Receiver<()>>>,
    /// Set by the first call that closes the database.
    closing: OnceLock<Closing>,
}

/// What there was when a database began to close.
#[derive(Clone, Copy)]
struct Closing {
    waiting: usize,
    unheard: usize,
}

/// What a database's threads share with its handles.
pub(crate) struct Core {
    pub(crate) name: String,
    /// The file, as it was configured.
    pub(crate) path: PathBuf,
    /// The file's path without links.
    pub(crate) file: PathBuf,
    pub(crate) identity: Identity,
    pub(crate) options: DatabaseOptions,
    pub(crate) id: Id,
    process: Process,
    pub(crate) queue: Queue,
    /// The threads that have the file open to read.
    pub(crate) readings: Readings,
    /// Set where the store is in this database.
    table_state: OnceLock<Arc<TableState>>,
    /// Where the running closure is written.
    running: Mutex<Option<&'static Location<'static>>>,
    /// When the writer gives up; set when the database is closed.
    deadline: OnceLock<Instant>,
    /// How many entries it gave up.
    left: AtomicUsize,
    /// How many writes failed whose callers had stopped waiting.
    unheard: AtomicUsize,
}

/// How long shutdown may take, for all databases of an app together.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    longest: Duration,
    end: Instant,
}

impl Deadline {
    pub(crate) fn after(longest: Duration) -> Self {
        // Longer than any program runs, if the sum would be out of range.
        const AGE: Duration = Duration::from_hours(24 * 365);
        Self { longest, end: Instant::now() + longest.min(AGE) }
    }
}

impl Open {
    /// Opens the file, if `check` doesn't refuse it, and prepares it before anything is written. `queue` is how much may
    /// wait.
    pub(crate) fn new(
        name: String,
        options: DatabaseOptions,
        queue: usize,
        mut check: impl FnMut(&Connection) -> Result<()>,
        prepare: impl FnOnce(&Connection) -> Result<()>,
    ) -> Result<Arc<Self>> {
        if name.contains('\0') {
            return Err(Error::DatabaseName { name });
        }
        let path = options.path.clone();
        let check = |connection: &Connection| check(connection).map_err(|error| error.opening(&path));
        let connection = connect::writer(&options, check)?;
        prepare(&connection).map_err(|error| error.about(&options.path))?;
        let core = Arc::new(Core::new(name, options, queue));
        let writer_ended = Arc::new(Mutex::new(writer::spawn(connection, core.clone())?));
        let readers = Readers::new(core.clone());
        Ok(Arc::new(Self { core, readers, writer_ended, closing: OnceLock::new() }))
    }

    /// Closes the queue at once; the future writes its entries, and reports how many they were. If a caller drops it, a later
    /// call says the same: it waits for the same end.
    ///
    /// # Errors
    /// [`Error::Unwritten`] when it isn't done after this time.
    pub(crate) fn close(&self, deadline: Deadline) -> impl Future<Output = Result<()>> + use<> {
        let begun = self.begin_to_close(deadline);
        let core = self.core.clone();
        async move {
            let (Closing { waiting, .. }, ended) = begun?;
            match ended.await {
                Ok(0) | Err(_) if waiting == 0 => Ok(()),
                Ok(0) | Err(_) => {
                    let path = core.path.display();
                    log(format_args!(
                        "{path}: the {waiting} events and writes that waited when the app stopped are written"
                    ));
                    Ok(())
                }
                Ok(left) => Err(core.unwritten(left, deadline.longest)),
            }
        }
    }

    /// What there is to write, and how much of it is left in the end.
    fn begin_to_close(&self, deadline: Deadline) -> Result<(Closing, oneshot::Receiver<usize>)> {
        self.core.may_be_used()?;
        let closing = *self.closing.get_or_init(|| Closing {
            waiting: self.core.queue.waiting(),
            unheard: self.core.unheard.load(Ordering::Acquire),
        });
        self.readers.close();
        self.core.close(deadline.end);
        let (sender, receiver) = oneshot::channel();
        let (core, ended) = (self.core.clone(), self.writer_ended.clone());
        let wait = move || {
            // Held by the thread of an earlier call, until the writer has ended or that call's time is over.
            let ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
            // The writer keeps to the same time. It may be in the middle of something that takes longer.
            let left = match ended.recv_timeout(deadline.end.saturating_duration_since(Instant::now())) {
                Err(RecvTimeoutError::Timeout) => core.queue.waiting(),
                Ok(()) | Err(RecvTimeoutError::Disconnected) => core.left.load(Ordering::Acquire),
            };
            // Until the file is closed, which the writer doesn't wait long for, either.
            let closed_at = deadline.end + 2 * files::LONGEST_END;
            let _ = ended.recv_timeout(closed_at.saturating_duration_since(Instant::now()));
            // A write whose caller has stopped waiting was promised to be done, so its failure is reported.
            let _ = sender.send(left + core.unheard.load(Ordering::Acquire) - closing.unheard);
        };
        std::thread::Builder::new()
            .name(format!("event-sqlite close {}", self.core.name))
            .spawn(wait)
            .map_err(|cause| Error::thread(&self.core.path, cause))?;
        Ok((closing, receiver))
    }
}

/// The last handle is gone, so the database closes without a caller that waits for it.
impl Drop for Open {
    fn drop(&mut self) {
        if self.core.may_be_used().is_err() {
            return;
        }
        self.readers.close();
        self.core.close(Instant::now());
    }
}

impl Core {
    pub(crate) fn new(name: String, options: DatabaseOptions, queue: usize) -> Self {
        let file = connect::canonical(&options.path);
        Self {
            name,
            path: options.path.clone(),
            identity: Identity::of(&file),
            file,
            options,
            id: Id::new(),
            process: Process::this(),
            queue: Queue::new(queue),
            readings: Readings::default(),
            table_state: OnceLock::new(),
            deadline: OnceLock::new(),
            left: AtomicUsize::new(0),
            unheard: AtomicUsize::new(0),
            running: Mutex::new(None),
        }
    }

    pub(crate) fn table_state(&self) -> Option<&Arc<TableState>> {
        self.table_state.get()
    }

    /// Says that the store is in this database.
    pub(crate) fn set_table_state(&self, table_state: Arc<TableState>) {
        assert!(self.table_state.set(table_state).is_ok(), "an app has one store");
    }

    /// An error in a forked process, which has none of this database's threads. Asked before any lock is taken.
    pub(crate) fn may_be_used(&self) -> Result<()> {
        if self.process.is_another() { Err(Error::Forked { path: self.path.clone() }) } else { Ok(()) }
    }

    pub(crate) fn may_write(&self) -> Result<()> {
        self.may_be_used()?;
        reentrancy::may_write(self.id, &self.path)
    }

    pub(crate) fn may_read(&self) -> Result<()> {
        self.may_be_used()?;
        reentrancy::may_read(self.id, &self.path)
    }

    /// Why there is no answer: shutdown closed the database, or its thread has ended.
    pub(crate) fn closed(&self) -> Error {
        let path = self.path.clone();
        if self.deadline.get().is_some() { Error::Closed { path } } else { Error::ThreadEnded { path } }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline.get().copied().unwrap_or_else(Instant::now)
    }

    #[cfg(all(test, shuttle))]
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Acquire)
    }

    /// Remembers where the running closure is written.
    pub(crate) fn set_running(&self, place: Option<&'static Location<'static>>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    pub(crate) fn add_unheard(&self) {
        self.unheard.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn set_left(&self, left: usize) {
        self.left.store(left, Ordering::Release);
    }

    pub(crate) fn close(&self, deadline: Instant) {
        // The first word counts.
        let _ = self.deadline.set(deadline);
        // Before the queue: when the writer ends, no follower starts another read.
        if let Some(table_state) = self.table_state() {
            table_state.changes.end();
        }
        self.queue.close();
    }

    fn unwritten(&self, left: usize, deadline: Duration) -> Error {
        let cause = self.table_state().and_then(|table_state| table_state.failing()).map(Arc::new);
        Error::Unwritten { path: self.path.clone(), left, deadline, cause }
    }
}

/// The only sign of a deadlock that can't be detected before.
impl ReportLate for Open {
    fn report_late(&self, place: &Location<'_>) {
        let running = *self.core.running.lock().unwrap_or_else(PoisonError::into_inner);
        let why = match running {
            Some(running) => format!("the closure at {running} has its turn there, and hasn't ended"),
            None => "no closure has its turn there; another process may hold the file's lock".to_owned(),
        };
        report_late(&self.core.path.display().to_string(), place, &why);
    }
}
