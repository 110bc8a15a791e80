//! Which calls are running, and how shutdown waits for them.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::SeqCst};

use crate::dispatch::error::{Error, Result};
use crate::dispatch::failure;
use crate::dispatch::host::App;
use crate::dispatch::pending::What;
use crate::dispatch::waiters::Waiters;

/// Counts running calls, in several counters, so that threads share no cache line.
#[derive(Default)]
pub(crate) struct Gate {
    state: AtomicU8,
    running: [Counter; COUNTERS],
    waiting: Waiters,
}

const COUNTERS: usize = 16;

/// Alone on its pair of cache lines, which processors fetch together.
#[derive(Default)]
#[repr(align(128))]
struct Counter(AtomicUsize);

const OPEN: u8 = 0;
/// Open, and one caller runs the `stopping` implementations.
const RUNS_STOPPING: u8 = 1;
/// Calls that run may finish, and call on; new ones are refused.
const DRAINING: u8 = 2;
/// Closed, and one caller runs the shutdown implementations.
const RUNS_SHUTDOWN: u8 = 3;
/// Closed, and the shutdown implementations have ended.
const DONE: u8 = 4;
/// Beside one of the three states between: its caller was dropped. Calls that run may finish, and call on; new ones are refused
/// until the next caller goes on there.
const GIVEN_UP: u8 = 8;

/// Where a call comes from: while the app drains, running calls may call on.
#[derive(Clone, Copy)]
pub(crate) enum Caller {
    Outside,
    /// A running call of the same app.
    SameApp,
}

/// A call that runs; the gate waits for it.
#[doc(hidden)]
pub struct Running<'a> {
    gate: &'a Gate,
    counter: &'a Counter,
}

impl Gate {
    #[inline]
    pub(crate) fn enter(&self, caller: Caller) -> Result<Running<'_>> {
        self.enter_at(counter_of_this_thread() % COUNTERS, caller)
    }

    #[inline]
    fn enter_at(&self, counter: usize, caller: Caller) -> Result<Running<'_>> {
        let counter = &self.running[counter];
        // Counts first, then checks; shutdown closes first, then counts. So one of the two sees the other.
        counter.0.fetch_add(1, SeqCst);
        let running = Running { gate: self, counter };
        Self::admit(self.state.load(SeqCst), caller).map(|()| running)
    }

    /// The result of [`enter`](Self::enter), for a call that ends at once.
    #[inline]
    pub(crate) fn check_open(&self, caller: impl FnOnce() -> Caller) -> Result<()> {
        match self.state.load(SeqCst) {
            OPEN => Ok(()),
            state => Self::admit(state, caller()),
        }
    }

    #[inline]
    fn admit(state: u8, caller: Caller) -> Result<()> {
        match state {
            OPEN | RUNS_STOPPING => Ok(()),
            DRAINING if matches!(caller, Caller::SameApp) => Ok(()),
            given_up if given_up & GIVEN_UP != 0 => match caller {
                Caller::SameApp => Ok(()),
                Caller::Outside => Err(Error::ShutdownDropped),
            },
            _ => Err(Error::ShutDown),
        }
    }

    #[inline]
    fn leave(&self, counter: &Counter) {
        counter.0.fetch_sub(1, SeqCst);
        if self.state.load(SeqCst) != OPEN {
            self.wake();
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state.load(SeqCst) == DONE
    }

    /// Gives the right to shut down, to one caller at a time; the others wait until that one is done and get `None`, or is
    /// dropped and leaves the right to them. Refuses nothing yet, unless an earlier caller did.
    pub(crate) async fn begin_to_close(&self) -> Option<Closing<'_>> {
        loop {
            let before = self.state.load(SeqCst);
            let state = if before == OPEN { RUNS_STOPPING } else { before & !GIVEN_UP };
            if state != before && self.step(before, state) {
                return Some(Closing { gate: self, unfinished: state | GIVEN_UP });
            }
            // Another caller is shutting down.
            let ended = || {
                let state = self.state.load(SeqCst);
                state == DONE || state & GIVEN_UP != 0
            };
            self.wait_until(ended, || What::OtherShutdown).await;
            if self.is_done() {
                return None;
            }
        }
    }

    fn step(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, SeqCst, SeqCst).is_ok()
    }

    fn running(&self) -> usize {
        self.running.iter().map(|counter| counter.0.load(SeqCst)).sum()
    }

    async fn wait_until(&self, met: impl Fn() -> bool, pending: impl Fn() -> What) {
        self.waiting.until(|| met().then_some(()), pending).await;
    }

    #[cold]
    fn wake(&self) {
        self.waiting.wake();
    }
}

impl Drop for Running<'_> {
    #[inline]
    fn drop(&mut self) {
        self.gate.leave(self.counter);
    }
}

/// A [`Running`] that borrows nothing.
pub(crate) struct Held {
    app: App,
    counter: usize,
}

impl Held {
    pub(crate) fn new(app: &App) -> Result<Self> {
        let counter = counter_of_this_thread() % COUNTERS;
        let running = app.inner.gate.enter_at(counter, Caller::of_next_call(&app.inner))?;
        // Dropping the borrowed guard would end the call a second time.
        std::mem::forget(running);
        Ok(Self { app: app.clone(), counter })
    }

    pub(crate) fn app(&self) -> &App {
        &self.app
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let gate = &self.app.inner.gate;
        gate.leave(&gate.running[self.counter]);
    }
}

/// The right to shut down. Dropped before [`done`](Self::done), it leaves that to the next caller, and the gate closed.
pub(crate) struct Closing<'a> {
    gate: &'a Gate,
    /// The gate's state if this is dropped now.
    unfinished: u8,
}

impl Closing<'_> {
    /// Refuses new calls and waits for those that run.
    pub(crate) async fn close(&mut self) {
        // An earlier caller has waited for them.
        if self.unfinished == RUNS_SHUTDOWN | GIVEN_UP {
            return;
        }
        self.enter(DRAINING);
        self.gate.wait_until(|| self.gate.running() == 0, || What::Calls(self.gate.running())).await;
        self.enter(RUNS_SHUTDOWN);
    }

    fn enter(&mut self, state: u8) {
        self.gate.state.store(state, SeqCst);
        self.unfinished = state | GIVEN_UP;
    }

    /// The shutdown implementations have ended.
    pub(crate) fn done(mut self) {
        self.unfinished = DONE;
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.gate.state.store(self.unfinished, SeqCst);
        self.gate.wake();
        if self.unfinished == DRAINING | GIVEN_UP {
            failure::say(
                "the wait for `shutdown` was given up while calls ran; new ones are refused, and `shutdown` called again goes on",
            );
        }
    }
}

#[inline]
fn counter_of_this_thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    match MINE.get() {
        usize::MAX => {
            let mine = THREADS.fetch_add(1, SeqCst) % COUNTERS;
            MINE.set(mine);
            mine
        }
        mine => mine,
    }
}
