//! The threads that read from a database, each with a connection of its own.

use std::collections::VecDeque;
use std::panic::Location;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use event_journal::waiting::{contained, discard};
use futures_channel::oneshot;
use rusqlite::Connection;

use crate::database::Core;
use crate::database::commit_guard::Guard;
use crate::database::connect;
use crate::database::reentrancy::{self, Side};
use crate::error::{Error, Result};
use crate::log::log;

/// Closures that read, and the threads that run them. A thread starts when all others are busy, up to a number.
pub(crate) struct Readers {
    core: Arc<Core>,
    queue: Arc<Queue>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Read>,
    /// Where those are written that run.
    running: Vec<&'static Location<'static>>,
    threads: usize,
    idle: usize,
    closed: bool,
}

/// A closure in the queue. It is given a connection, or the reason why there is none.
struct Read {
    /// Where it is written.
    place: &'static Location<'static>,
    run: Box<Run>,
}

type Run = dyn FnOnce(Result<&Reader>) + Send;

/// A connection that closures read on, one after the other.
struct Reader {
    connection: Connection,
    guard: Guard,
}

impl Readers {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core, queue: Arc::default() }
    }

    /// Queues the closure; its outcome comes by the receiver.
    pub(crate) fn read<T, F>(
        &self,
        place: &'static Location<'static>,
        closure: F,
    ) -> Result<oneshot::Receiver<Result<T>>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let path = self.core.path.clone();
        let run = Box::new(move |reader: Result<&Reader>| {
            let outcome = reader.and_then(|reader| {
                let run = || reader.in_one_state(closure);
                contained(run).unwrap_or_else(|message| Err(Error::Panicked { path: path.clone(), message }))
            });
            // A caller that doesn't wait any more has lost nothing.
            discard(sender.send(outcome.map_err(|error| error.of_read(&path))));
        });
        let mut state = self.queue.lock();
        if state.closed {
            return Err(Error::Closed { path: self.core.path.clone() });
        }
        state.waiting.push_back(Read { place, run });
        if state.waiting.len() > state.idle && state.threads < self.core.options.readers.get() {
            let spawned = self.spawn(&mut state);
            if let Err(error) = spawned {
                let refused = state.waiting.pop_back();
                drop(state);
                discard(refused);
                return Err(error);
            }
        }
        drop(state);
        self.queue.work.notify_one();
        Ok(receiver)
    }

    fn spawn(&self, state: &mut State) -> Result<()> {
        let name = format!("event-sqlite read {}", self.core.name);
        let (core, queue) = (self.core.clone(), self.queue.clone());
        let reading = core.readings.start();
        let read = move || {
            run(&core, &queue);
            drop(reading);
        };
        let spawned = std::thread::Builder::new().name(name).spawn(read);
        match spawned {
            Ok(_) => state.threads += 1,
            // The threads that there are will do.
            Err(_) if state.threads > 0 => {}
            Err(cause) => return Err(Error::thread(&self.core.path, cause)),
        }
        Ok(())
    }

    /// Where the closures are written that run.
    pub(crate) fn running(&self) -> Vec<&'static Location<'static>> {
        self.queue.lock().running.clone()
    }

    /// Lets no read in any more. Those that wait are still read.
    pub(crate) fn close(&self) {
        self.queue.lock().closed = true;
        self.queue.work.notify_all();
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        if self.core.may_be_used().is_ok() {
            self.close();
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self, place: &'static Location<'static>) {
        let running = &mut self.lock().running;
        if let Some(at) = running.iter().position(|running| std::ptr::eq(*running, place)) {
            running.swap_remove(at);
        }
    }

    fn next(&self) -> Option<Read> {
        let mut state = self.lock();
        state.idle += 1;
        loop {
            if let Some(read) = state.waiting.pop_front() {
                state.idle -= 1;
                state.running.push(read.place);
                return Some(read);
            }
            if state.closed {
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn run(core: &Core, queue: &Queue) {
    reentrancy::enter(core.id, Side::Reads);
    let mut reader = None;
    while let Some(Read { place, run: read }) = queue.next() {
        let run = || {
            // Opened again after a failure, which may have been the file's absence.
            let open = match &reader {
                Some(reader) => Ok(reader),
                None => Reader::open(core).map(|opened| &*reader.insert(opened)),
            };
            read(open);
            if let Some(Reader { connection, guard }) = &reader {
                guard.restore(connection);
            }
        };
        if let Err(message) = contained(run) {
            log(format_args!("{}: a reading thread panicked and goes on: {message}", core.path.display()));
            discard(reader.take());
        }
        // A statement that the closure forgot keeps the state that it reads, so the next closure gets another connection.
        if reader.as_ref().is_some_and(|reader| reader.connection.is_busy()) {
            discard(reader.take());
        }
        queue.ended(place);
    }
}

impl Reader {
    fn open(core: &Core) -> Result<Self> {
        if let Some(file) = core.identity.changed() {
            return Err(Error::Replaced { path: core.path.clone(), file: file.to_owned() });
        }
        let mut connection = connect::reader(core)?;
        let guard = Guard::of(&mut connection, core.options.busy_timeout)
            .map_err(|cause| Error::sqlite(&core.path, cause))?;
        Ok(Self { connection, guard })
    }

    /// One transaction, so that all statements of the closure see one state of the database. It is rolled back, and
    /// with it go temporary tables that the closure made.
    fn in_one_state<T>(&self, closure: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let transaction = self.connection.unchecked_transaction()?;
        self.guard.run(|| closure(&transaction))
    }
}
