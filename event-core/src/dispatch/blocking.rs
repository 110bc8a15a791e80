//! How code without an async runtime waits.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::dispatch::error::{Error, Result};
use crate::dispatch::reentrancy::Inside;

/// Something the app does that can take a while: `.await` it, or `.wait()` without a runtime.
#[must_use = "nothing happens until this is awaited, or with `.wait()`"]
pub struct Waiting<'a, T>(Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>);

impl<'a, T> Waiting<'a, T> {
    pub(crate) fn new(future: impl Future<Output = Result<T>> + Send + 'a) -> Self {
        Self(Box::pin(future))
    }

    /// Waits on this thread.
    ///
    /// # Errors
    /// Those of the method that returned this; [`Error::WouldBlock`] inside an implementation, when there is
    /// something to wait for.
    pub fn wait(self) -> Result<T> {
        until_ready(self.0)?
    }
}

impl<T> Future for Waiting<'_, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        self.0.as_mut().poll(context)
    }
}

impl<T> std::fmt::Debug for Waiting<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waiting")
    }
}

/// Runs a future to its end on this thread.
pub(crate) fn until_ready<F: Future>(future: F) -> Result<F::Output> {
    let inside_a_call = Inside::any();
    let mut future = pin!(future);
    park_between_polls(inside_a_call, |context| future.as_mut().poll(context))
}

/// Inside an implementation, what has to wait may be waiting for that very implementation: an error instead of
/// a deadlock.
pub(crate) fn park_between_polls<T>(
    inside_a_call: bool,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Result<T> {
    if inside_a_call {
        return match poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Ok(value),
            Poll::Pending => Err(Error::WouldBlock),
        };
    }
    PARKER.with(|(parker, waker)| {
        let mut context = Context::from_waker(waker);
        loop {
            if let Poll::Ready(value) = poll(&mut context) {
                return Ok(value);
            }
            parker.park();
        }
    })
}

thread_local! {
    // One a thread, so that waiting costs no allocation. A call inside a call never parks.
    static PARKER: (Arc<Parker>, Waker) = {
        let parker = Arc::new(Parker { thread: thread::current(), woken: AtomicBool::new(false) });
        (parker.clone(), parker.into())
    };
}

struct Parker {
    thread: Thread,
    /// Others may use up the thread's own park token; this is ours.
    woken: AtomicBool,
}

impl Parker {
    fn park(&self) {
        while !self.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
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
