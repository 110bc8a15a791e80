//! How one thread runs many deliveries, and goes on with the others while an implementation waits for one of them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::delivery::Delivery;

/// Deliveries that can go on, in the order in which they came.
#[derive(Default)]
pub(crate) struct Executor {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Arc<Task>>,
    closed: bool,
}

struct Task {
    executor: Arc<Executor>,
    /// Taken out while it is polled.
    delivery: Mutex<Option<Delivery>>,
    /// Woken while it was polled: once more.
    again: AtomicBool,
}

thread_local! {
    /// The executor whose thread this is.
    static MINE: RefCell<Option<Arc<Executor>>> = const { RefCell::new(None) };
}

impl Executor {
    pub(crate) fn spawn(self: &Arc<Self>, delivery: Delivery) {
        let delivery = Mutex::new(Some(delivery));
        self.push(Arc::new(Task { executor: self.clone(), delivery, again: AtomicBool::new(false) }));
    }

    /// Runs what is spawned, on this thread, until the executor is closed and nothing can go on.
    pub(crate) fn run(self: Arc<Self>) {
        MINE.set(Some(self.clone()));
        while let Some(task) = self.next(|state| state.closed) {
            task.run();
        }
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.work.notify_all();
    }

    /// The next that can go on. Without any, waits for one, or until `over`.
    fn next(&self, over: impl Fn(&State) -> bool) -> Option<Arc<Task>> {
        let mut state = self.lock();
        loop {
            if let Some(task) = state.ready.pop_front() {
                return Some(task);
            }
            if over(&state) {
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn push(&self, task: Arc<Task>) {
        self.lock().ready.push_back(task);
        self.work.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Task {
    fn run(self: Arc<Self>) {
        let Some(mut delivery) = lock(&self.delivery).take() else {
            // An implementation in it waits further up on this very thread. Or it is done.
            self.again.store(true, Ordering::Release);
            return;
        };
        let waker = Waker::from(self.clone());
        if delivery.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            *lock(&self.delivery) = Some(delivery);
            if self.again.swap(false, Ordering::AcqRel) {
                self.executor.push(self.clone());
            }
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let executor = self.executor.clone();
        executor.push(self);
    }
}

/// Waits for a future on this thread. If the thread is one that delivers, it does so in the meantime: what the future
/// waits for may be such a delivery.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    match MINE.with_borrow(Clone::clone) {
        None => pollster::block_on(future),
        Some(executor) => block_and_deliver(&executor, future),
    }
}

fn block_and_deliver<F: Future>(executor: &Arc<Executor>, future: F) -> F::Output {
    let root = Arc::new(Root { executor: executor.clone(), woken: AtomicBool::new(true) });
    let waker = Waker::from(root.clone());
    let mut future = pin!(future);
    loop {
        if root.woken.swap(false, Ordering::AcqRel)
            && let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker))
        {
            return output;
        }
        if let Some(task) = executor.next(|_| root.woken.load(Ordering::Acquire)) {
            task.run();
        }
    }
}

/// What somebody on this thread waits for.
struct Root {
    executor: Arc<Executor>,
    woken: AtomicBool,
}

impl Wake for Root {
    fn wake(self: Arc<Self>) {
        // Under the lock, or the thread could look just before and sleep just after.
        let state = self.executor.lock();
        self.woken.store(true, Ordering::Release);
        drop(state);
        self.executor.work.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
