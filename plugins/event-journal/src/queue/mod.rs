//! What waits for the one thread that writes to a journal, and how the two sides wake each other: for crates that have a journal
//! of their own.
//!
//! Callers push rows and jobs. The writer sleeps as its [`Pace`] says, takes all that waits as a [`Batch`], writes it
//! in one transaction, and answers the callers.

mod batch;
mod pacing;

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

pub use self::batch::{Batch, Job, Left, Next, What};
pub use self::pacing::Pace;
use crate::sync::{Monitor, MutexGuard};
use crate::waiting::{Place, Waiters, discard, wake_all};

/// A bounded queue with many producers and one consumer, which takes all entries at once: the writer. `A` is what answers the
/// caller of a row.
pub struct Queue<J, A> {
    /// The writer sleeps on it.
    state: Monitor<State<J, A>>,
    /// The largest number of events and closures, including those that are being written.
    capacity: usize,
}

struct State<J, A> {
    pending: Batch<J, A>,
    /// What the writer has taken and not answered yet.
    taken: usize,
    taken_bytes: usize,
    /// Set while the writer sleeps: how much must wait before it is woken.
    sleeps_until: Option<Worth>,
    waiting_for_room: Waiters,
    closed: bool,
}

impl<J, A> Default for State<J, A> {
    fn default() -> Self {
        Self {
            pending: Batch::default(),
            taken: 0,
            taken_bytes: 0,
            sleeps_until: None,
            waiting_for_room: Waiters::default(),
            closed: false,
        }
    }
}

/// How many entries must wait before the writer wakes: in all, or with a caller that waits.
#[derive(Clone, Copy, Debug)]
struct Worth {
    entries: usize,
    awaited: usize,
}

impl Worth {
    const ANYTHING: Self = Self { entries: 1, awaited: 1 };

    fn is_met<J: Job, A>(self, pending: &Batch<J, A>) -> bool {
        pending.len() >= self.entries || pending.awaited() >= self.awaited
    }
}

/// Nothing gets into the queue any more.
#[derive(Clone, Copy, Debug)]
pub struct Closed;

/// The queue is also bounded by its size in bytes, or events of a megabyte each would fill the memory.
const MOST_BYTES: usize = 64 << 20;

/// The producers' side.
impl<J: Job, A> Queue<J, A> {
    /// For so many entries at most.
    pub fn new(capacity: usize) -> Self {
        Self { state: Monitor::default(), capacity }
    }

    /// Adds a row with its `answer`. While the queue is full, this waits.
    ///
    /// # Errors
    /// If the queue is closed.
    pub async fn push_row(&self, row: &[u8], mut answer: Option<A>) -> Result<(), Closed> {
        self.push(row.len(), |pending| pending.push_row(row, answer.take())).await
    }

    /// Adds a job. While the queue is full, this waits.
    ///
    /// # Errors
    /// If the queue is closed.
    #[expect(clippy::missing_panics_doc, reason = "it would be a bug of this module")]
    pub async fn push_job(&self, job: J) -> Result<(), Closed> {
        let mut job = Some(job);
        let push = |pending: &mut Batch<J, A>| {
            pending.push_job(job.take().expect("a future isn't polled after it is done"));
        };
        self.push(0, push).await
    }

    async fn push(&self, bytes: usize, mut push: impl FnMut(&mut Batch<J, A>)) -> Result<(), Closed> {
        let mut entrance = Entrance { queue: self, place: Place::default() };
        poll_fn(|context| self.poll_push(&mut entrance.place, context, bytes, &mut push)).await
    }

    fn poll_push(
        &self,
        place: &mut Place,
        context: &mut Context<'_>,
        bytes: usize,
        push: impl FnOnce(&mut Batch<J, A>),
    ) -> Poll<Result<(), Closed>> {
        let mut state = self.lock();
        if state.closed {
            return Poll::Ready(Err(Closed));
        }
        if !state.has_room(self.capacity, bytes) {
            let before = state.waiting_for_room.register(place, context.waker());
            drop(state);
            discard(before);
            return Poll::Pending;
        }
        push(&mut state.pending);
        let wake = state.sleeps_until.is_some_and(|worth| worth.is_met(&state.pending));
        if wake {
            // Once is enough: later producers needn't wake a writer that is waking up.
            state.sleeps_until = None;
        }
        drop(state);
        if wake {
            self.state.notify_one();
        }
        Poll::Ready(Ok(()))
    }

    /// How many events and closures aren't answered yet.
    pub fn waiting(&self) -> usize {
        let state = self.lock();
        state.pending.len() + state.taken
    }

    /// Closes the queue. Its entries are still written.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.sleeps_until = None;
        let waiting = state.waiting_for_room.take();
        drop(state);
        self.state.notify_one();
        wake_all(waiting);
    }
}

impl<J, A> Queue<J, A> {
    fn lock(&self) -> MutexGuard<'_, State<J, A>> {
        self.state.lock()
    }
}

/// A task that waits for room. Dropped, it leaves no waker behind.
struct Entrance<'q, J, A> {
    queue: &'q Queue<J, A>,
    place: Place,
}

impl<J, A> Drop for Entrance<'_, J, A> {
    fn drop(&mut self) {
        if self.place.is_taken() {
            let waker = self.queue.lock().waiting_for_room.remove(&mut self.place);
            discard(waker);
        }
    }
}

impl<J: Job, A> State<J, A> {
    fn has_room(&self, capacity: usize, bytes: usize) -> bool {
        let entries = self.pending.len() + self.taken;
        let all_bytes = self.pending.bytes() + self.taken_bytes + bytes;
        // An entry that is larger than the bound must get in all the same.
        entries == 0 || (entries < capacity && all_bytes <= MOST_BYTES)
    }
}

/// Why the writer's sleep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awake {
    Worth,
    TimeOut,
    Closed,
}

/// The writer's side.
impl<J: Job, A> Queue<J, A> {
    /// Sleeps until a caller waits for an answer, or for this long: after entries couldn't be written. Gives `false` when the
    /// queue is closed.
    pub fn wait_for_a_caller(&self, longest: Duration) -> bool {
        self.sleep(Worth { entries: usize::MAX, awaited: 1 }, Some(longest)) != Awake::Closed
    }

    /// Sleeps until this much waits, or for this long.
    fn sleep(&self, worth: Worth, longest: Option<Duration>) -> Awake {
        let end = longest.map(|longest| Instant::now() + longest);
        let mut state = self.lock();
        loop {
            if worth.is_met(&state.pending) {
                return Awake::Worth;
            }
            if state.closed {
                return Awake::Closed;
            }
            state.sleeps_until = Some(worth);
            let is_late;
            (state, is_late) = match end {
                None => (self.state.wait(state), false),
                Some(end) => self.state.wait_until(state, end),
            };
            state.sleeps_until = None;
            if is_late {
                return Awake::TimeOut;
            }
        }
    }

    /// Moves all waiting entries to the end of `batch`.
    pub fn take(&self, batch: &mut Batch<J, A>) {
        let mut state = self.lock();
        batch.append(&mut state.pending);
        state.taken = batch.len();
        state.taken_bytes = batch.bytes();
    }

    /// Tells how much of the taken entries is left, which makes room.
    pub fn answered(&self, left: Left) {
        let mut state = self.lock();
        state.taken = left.entries;
        state.taken_bytes = left.bytes;
        // Wakes all, since one may have stopped waiting and would take the wake-up of another.
        let waiting = state.waiting_for_room.take();
        drop(state);
        wake_all(waiting);
    }

    /// Drops all entries, so that their callers get an error. For the end of the writer.
    pub fn abandon(&self) {
        self.close();
        let mut pending = std::mem::take(&mut self.lock().pending);
        for at in 0..pending.len() {
            discard(pending.take(at));
        }
    }
}
