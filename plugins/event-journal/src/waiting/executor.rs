//! The threads that run tasks whose code may wait on its thread, such as deliveries to implementations that are plain `fn`s. One
//! thread at a time begins tasks, in the order in which they came. While a task waits on its thread, another thread goes
//! on with the others.
//!
//! How many threads wait is bounded, and what they wait for may itself be a task. So the bound is one for each
//! depth: a task that a waiting one has caused is deeper than that one, and begins however many wait above it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::log::log;
use crate::waiting::{LATE, Runtime, call_depth, contained, discard};

/// How many tasks that no other task caused may wait at the same time, a thread each. What they write is committed
/// together.
const MOST_WAITING: usize = 32;
/// The same for each further depth.
const MOST_WAITING_DEEPER: usize = 8;
/// Threads that the executor starts in any case.
const MOST_THREADS: usize = 512;
/// A thread that has nothing to do for this long ends.
const IDLE: Duration = Duration::from_secs(10);
/// When as many wait as may, and nothing has begun for this long, they wait for something that isn't known to be
/// deeper: one more begins.
const STALLED: Duration = Duration::from_millis(50);

/// A future that an [`Executor`] runs.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tasks that can go on, and the threads that run them: they start when they are needed. Code that waits there with
/// [`block_on`] keeps no other task from running.
#[derive(Default)]
pub struct Executor {
    state: Mutex<State>,
    /// Where threads wait that have nothing to do.
    work: Condvar,
    /// Whether it was said that there is no further thread.
    said_so: AtomicBool,
}

#[derive(Default)]
struct State {
    /// By depth, each with its place among all.
    ready: BTreeMap<u32, VecDeque<(u64, Arc<Spawned>)>>,
    /// How many were ever ready.
    places: u64,
    /// Whether a thread is about to begin what is ready.
    is_beginning: bool,
    /// How often one has begun or gone on.
    begun: u64,
    /// Threads on which a task waits, by its depth.
    waiting: BTreeMap<u32, usize>,
    /// One may begin however many wait.
    relieve: bool,
    threads: usize,
    /// Those that haven't looked for anything yet.
    starting: usize,
    idle: usize,
    closed: bool,
}

struct Spawned {
    executor: Arc<Executor>,
    depth: u32,
    /// Where its timers and sockets are.
    runtime: Runtime,
    slot: Mutex<Slot>,
}

enum Slot {
    Pending(Task),
    /// A thread polls it. `again`: it was woken since.
    Polled {
        again: bool,
    },
    Done,
}

thread_local! {
    /// The executor whose thread this is.
    static MINE: RefCell<Option<Arc<Executor>>> = const { RefCell::new(None) };
    /// Whether this is the thread that begins tasks.
    static BEGINS: Cell<bool> = const { Cell::new(false) };
}

impl Executor {
    /// Gives it to a thread, which is in the runtime while it polls it. `depth` is how many tasks caused it, each inside of
    /// the one before. If the system can't start a thread, it runs on this one.
    pub fn spawn(self: &Arc<Self>, task: Task, depth: u32, runtime: Runtime) {
        let slot = Mutex::new(Slot::Pending(task));
        let spawned = Arc::new(Spawned { executor: self.clone(), depth, runtime, slot });
        let mut state = self.lock();
        self.push(&mut state, spawned.clone());
        let has_thread = state.threads > 0;
        drop(state);
        if !has_thread && let Slot::Pending(task) = mem::replace(&mut *lock(&spawned.slot), Slot::Done) {
            // To delay others is better than never to run it.
            report_panic(contained(|| spawned.runtime.run(|| pollster::block_on(task))));
        }
    }

    /// The threads end when nothing can go on.
    pub fn close(&self) {
        self.lock().closed = true;
        self.work.notify_all();
    }

    fn push(self: &Arc<Self>, state: &mut State, task: Arc<Spawned>) {
        state.push(task);
        self.find_thread(state);
    }

    /// Starts tasks that may begin.
    fn find_thread(self: &Arc<Self>, state: &mut State) {
        if state.is_beginning || state.starting > 0 || state.next().is_none() {
            return;
        }
        if state.idle > 0 {
            self.work.notify_one();
        } else if !self.start_thread(state) && !self.said_so.swap(true, Ordering::Relaxed) {
            log(format_args!(
                "failed to start another thread for implementations: those that wait for one another may wait forever"
            ));
        }
    }

    fn start_thread(self: &Arc<Self>, state: &mut State) -> bool {
        let executor = self.clone();
        let thread = thread::Builder::new().name("event-journal calls".to_owned());
        let started = state.threads < MOST_THREADS && thread.spawn(move || executor.run()).is_ok();
        state.threads += usize::from(started);
        state.starting += usize::from(started);
        started
    }

    fn run(self: Arc<Self>) {
        MINE.set(Some(self.clone()));
        let mut state = self.lock();
        state.starting -= 1;
        loop {
            if !state.is_beginning
                && let Some(task) = state.take_next()
            {
                state.is_beginning = true;
                BEGINS.set(true);
                drop(state);
                task.run();
                state = self.lock();
                if BEGINS.replace(false) {
                    state.is_beginning = false;
                }
                continue;
            }
            if state.closed && state.ready.is_empty() {
                break;
            }
            let is_late;
            state.idle += 1;
            (state, is_late) = match self.work.wait_timeout(state, IDLE) {
                Ok((state, wait)) => (state, wait.timed_out()),
                Err(poisoned) => (poisoned.into_inner().0, false),
            };
            state.idle -= 1;
            if is_late && (state.is_beginning || state.next().is_none()) {
                break;
            }
        }
        state.threads -= 1;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn push(&mut self, task: Arc<Spawned>) {
        self.places += 1;
        self.ready.entry(task.depth).or_default().push_back((self.places, task));
    }

    /// Where the next one is: the one that came first, of those that may begin.
    fn next(&self) -> Option<Next> {
        let allowed = self.ready.iter().filter(|(depth, _)| {
            let waiting: usize = self.waiting.range(**depth..).map(|(_, waiting)| *waiting).sum();
            waiting < if **depth <= 1 { MOST_WAITING } else { MOST_WAITING_DEEPER }
        });
        let first = allowed.min_by_key(|(_, tasks)| tasks.front().map(|(place, _)| *place));
        if let Some((depth, _)) = first {
            return Some(Next::First(*depth));
        }
        // The last one is more likely to be the one that is waited for.
        let last = self.ready.iter().max_by_key(|(_, tasks)| tasks.back().map(|(place, _)| *place));
        last.filter(|_| self.relieve).map(|(depth, _)| Next::Last(*depth))
    }

    fn take_next(&mut self) -> Option<Arc<Spawned>> {
        let next = self.next()?;
        let (Next::First(depth) | Next::Last(depth)) = next;
        let tasks = self.ready.get_mut(&depth)?;
        let taken = if matches!(next, Next::First(_)) { tasks.pop_front() } else { tasks.pop_back() };
        let (_, task) = taken?;
        if tasks.is_empty() {
            self.ready.remove(&depth);
        }
        self.relieve = false;
        self.begun += 1;
        Some(task)
    }
}

/// The first or the last of those that are ready at this depth.
enum Next {
    First(u32),
    Last(u32),
}

impl Spawned {
    fn run(self: Arc<Self>) {
        let mut task = match &mut *lock(&self.slot) {
            slot @ Slot::Pending(_) => match mem::replace(slot, Slot::Polled { again: false }) {
                Slot::Pending(task) => task,
                Slot::Polled { .. } | Slot::Done => unreachable!("it is pending"),
            },
            Slot::Polled { again } => {
                *again = true;
                return;
            }
            Slot::Done => return,
        };
        let waker = Waker::from(self.clone());
        let poll = || task.as_mut().poll(&mut Context::from_waker(&waker));
        let polled = contained(|| self.runtime.run(poll));
        if !matches!(polled, Ok(Poll::Pending)) {
            report_panic(polled.map(drop));
            self.runtime.run(|| discard(task));
            *lock(&self.slot) = Slot::Done;
            return;
        }
        let before = mem::replace(&mut *lock(&self.slot), Slot::Pending(task));
        if matches!(before, Slot::Polled { again: true }) {
            self.executor.push(&mut self.executor.lock(), self.clone());
        }
    }
}

impl Wake for Spawned {
    fn wake(self: Arc<Self>) {
        let executor = self.executor.clone();
        executor.push(&mut executor.lock(), self);
    }
}

/// A panic ends its task, and not the thread that polled it.
fn report_panic(ran: Result<(), String>) {
    if let Err(message) = ran {
        log(format_args!("calls of implementations panicked: {message}"));
    }
}

/// Waits for a future on this thread. If the thread is an [`Executor`]'s, another one goes on with its tasks in the meantime:
/// what the future waits for may be one of them.
///
/// `late` is called when it has waited for [`LATE`].
pub fn block_on<F: Future>(future: F, late: impl FnOnce()) -> F::Output {
    let parker = Arc::new(Parker { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(parker.clone());
    let context = &mut Context::from_waker(&waker);
    let mut future = pin!(future);
    if let Poll::Ready(output) = future.as_mut().poll(context) {
        return output;
    }
    let mut aside = MINE.with_borrow(Clone::clone).map(Aside::step);
    let begun = Instant::now();
    let mut late = Some(late);
    loop {
        while !parker.park(aside.as_mut(), late.is_some().then(|| begun + LATE)) {
            if let Some(late) = late.take() {
                late();
            }
        }
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return output;
        }
    }
}

/// A thread of an executor's on which a task waits.
struct Aside {
    executor: Arc<Executor>,
    depth: u32,
    /// What had begun when it looked last.
    seen: u64,
}

impl Aside {
    fn step(executor: Arc<Executor>) -> Self {
        let depth = call_depth::depth();
        let mut state = executor.lock();
        *state.waiting.entry(depth).or_default() += 1;
        if BEGINS.replace(false) {
            state.is_beginning = false;
        }
        executor.find_thread(&mut state);
        let seen = state.begun;
        drop(state);
        Self { executor, depth, seen }
    }

    /// Lets one more begin if nothing has since the last look.
    fn look(&mut self) {
        let mut state = self.executor.lock();
        let is_stalled = !state.is_beginning && state.begun == self.seen && !state.ready.is_empty();
        self.seen = state.begun;
        if is_stalled {
            state.relieve = true;
            self.executor.find_thread(&mut state);
        }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let mut state = self.executor.lock();
        if let Some(waiting) = state.waiting.get_mut(&self.depth) {
            *waiting -= 1;
            if *waiting == 0 {
                state.waiting.remove(&self.depth);
            }
        }
        self.executor.find_thread(&mut state);
    }
}

struct Parker {
    thread: Thread,
    /// Others may use up the thread's own park token; this is ours.
    woken: AtomicBool,
}

impl Parker {
    /// Gives whether it was woken, and not only late.
    fn park(&self, mut aside: Option<&mut Aside>, late: Option<Instant>) -> bool {
        while !self.woken.swap(false, Ordering::Acquire) {
            let left = late.map(|late| late.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return false;
            }
            match (&mut aside, left) {
                (None, None) => thread::park(),
                (None, Some(left)) => thread::park_timeout(left),
                (Some(aside), _) => {
                    thread::park_timeout(STALLED);
                    aside.look();
                }
            }
        }
        true
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
