//! How code without an async runtime waits.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::dispatch::error::Result;
use crate::dispatch::failure;
use crate::dispatch::observe::Began;
use crate::dispatch::pending::{self, Pending, WaitPlace, Watch, WouldBlock};
use crate::dispatch::reentrancy::Nesting;

/// An operation of the app that can take a while: `.await` it, or `.wait()` without a runtime.
#[must_use = "nothing happens until this is awaited, or with `.wait()`"]
pub struct Deferred<'a, T>(Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>);

impl<'a, T> Deferred<'a, T> {
    pub(crate) fn new(future: impl Future<Output = Result<T>> + Send + 'a) -> Self {
        Self(Box::pin(future))
    }

    /// Waits on this thread. A wait of 5 seconds is a line on standard error, which names this place and what isn't ready.
    ///
    /// # Errors
    /// Those of the method that returned this; [`Error::WouldBlock`](crate::Error::WouldBlock) inside an implementation, when there is
    /// something to wait for.
    #[track_caller]
    pub fn wait(self) -> Result<T> {
        until_ready(Location::caller(), self.0)?
    }
}

impl<T> Future for Deferred<'_, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        self.0.as_mut().poll(context)
    }
}

impl<T> fmt::Debug for Deferred<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deferred")
    }
}

/// Runs a future to its end on this thread.
pub(crate) fn until_ready<F: Future>(place: WaitPlace, future: F) -> Result<F::Output> {
    let nesting = Nesting::of_next_call();
    let mut future = pin!(future);
    park_between_polls(nesting, place, |context| future.as_mut().poll(context))
}

/// Inside an implementation, a pending call may be waiting for that implementation: an error instead of a deadlock, unless a
/// plugin says that a [thread of its own](own_thread) ends the wait.
pub(crate) fn park_between_polls<T>(
    nesting: Nesting,
    place: WaitPlace,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Result<T> {
    if nesting == Nesting::Nested {
        return poll_inside(place, poll);
    }
    PARKER.with(|(parker, waker)| {
        let mut context = Context::from_waker(waker);
        let mut wait = Wait::at(place);
        loop {
            if let Poll::Ready(value) = poll(&mut context) {
                return Ok(value);
            }
            wait.park(parker);
        }
    })
}

thread_local! {
    // One a thread, so that waiting costs no allocation. A call inside a call has another, so that it takes no wake-up
    // away from the outer one.
    static PARKER: (Arc<Parker>, Waker) = {
        let parker = Arc::new(Parker { thread: thread::current(), woken: AtomicBool::new(false) });
        (parker.clone(), parker.into())
    };
    /// The wait inside a call that polls on this thread, if one does.
    static INSIDE: Cell<WaitInside> =
        const { Cell::new(WaitInside { waker: ptr::null(), place: None, own_thread: false }) };
}

/// A wait inside a call, while it polls.
#[derive(Clone, Copy)]
struct WaitInside {
    /// The data of its waker, by which a future sees that it is polled by this wait, and not by an executor in between.
    waker: *const (),
    /// `None` without a wait.
    place: Option<WaitPlace>,
    /// Whether a plugin's own thread ends what was found to be pending.
    own_thread: bool,
}

#[cold]
fn poll_inside<T>(place: WaitPlace, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Result<T> {
    let parker = Arc::new(Parker { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(parker.clone());
    let mut wait = Wait::at(place);
    loop {
        let polling = PollingInside::begin(&waker, place);
        let (polled, pending) = pending::watch_pending(|| poll(&mut Context::from_waker(&waker)));
        if let Poll::Ready(value) = polled {
            return Ok(value);
        }
        let own_thread = INSIDE.get().own_thread;
        drop(polling);
        if !own_thread {
            return Err(WouldBlock::error(place, pending));
        }
        wait.park_pending(&parker, pending.as_ref());
    }
}

/// After this time a wait is reported, once: it may never end.
const LATE: Duration = Duration::from_secs(5);

/// A `.wait()` on this thread.
struct Wait {
    place: WaitPlace,
    /// `None` until it parks.
    began: Option<Began>,
    /// Watches the poll after this time, and no other: it would cost every wait.
    watch: Option<Watch>,
    is_reported: bool,
}

impl Wait {
    fn at(place: WaitPlace) -> Self {
        Self { place, began: None, watch: None, is_reported: false }
    }

    /// Parks this thread until it is woken, or the wait is to be reported: then the next poll is watched, and the next call
    /// reports what was pending.
    #[cold]
    #[inline(never)]
    fn park(&mut self, parker: &Parker) {
        if let Some(watch) = self.watch.take() {
            self.report(watch.end().as_ref());
        }
        if !self.park_in_time(parker) {
            self.watch = Some(Watch::begin());
        }
    }

    /// The same where every poll is watched.
    fn park_pending(&mut self, parker: &Parker, pending: Option<&Pending>) {
        if !self.park_in_time(parker) {
            self.report(pending);
            parker.park();
        }
    }

    /// Parks until this thread is woken. If the wait is to be reported before, returns `false`.
    fn park_in_time(&mut self, parker: &Parker) -> bool {
        let began = self.began.get_or_insert_with(Began::now);
        if !self.is_reported && began.is_known() && !parker.park_until(|| LATE.checked_sub(began.elapsed())) {
            self.is_reported = true;
            return false;
        }
        parker.park();
        true
    }

    fn report(&self, pending: Option<&Pending>) {
        let (file, line, seconds) = (self.place.file(), self.place.line(), LATE.as_secs());
        let pending = pending.map(|pending| format!(": {pending}")).unwrap_or_default();
        failure::say(&format!(
            "the `.wait()` at {file}:{line} has waited for {seconds} s{pending}; if that needs this thread, or a runtime that \
             this thread drives, it never ends: `.await` there instead"
        ));
    }
}

struct PollingInside(WaitInside);

impl PollingInside {
    fn begin(waker: &Waker, place: WaitPlace) -> Self {
        Self(INSIDE.replace(WaitInside { waker: waker.data(), place: Some(place), own_thread: false }))
    }
}

impl Drop for PollingInside {
    fn drop(&mut self) {
        INSIDE.set(self.0);
    }
}

/// The place of the wait, if what is pending must be given up: this waker is of a wait inside a call that nothing may end.
#[cold]
pub(crate) fn would_block(waker: &Waker) -> Option<WaitPlace> {
    let inside = INSIDE.get();
    inside.place.filter(|_| ptr::eq(inside.waker, waker.data()) && !inside.own_thread)
}

pin_project_lite::pin_project! {
    /// A future whose wait a thread of its plugin ends; made by [`own_thread`].
    #[must_use = "a future does nothing unless it is awaited"]
    pub struct OwnThread<F> {
        #[pin]
        future: F,
    }
}

/// Says that a thread of the plugin's own ends every wait of this future: one that waits neither for an implementation
/// nor for a runtime.
///
/// Then a `.wait()` inside an implementation waits for it, instead of giving [`Error::WouldBlock`](crate::Error::WouldBlock):
/// events that an ordinary `fn` tracks simply work with a plugin that has such a thread.
///
/// If the thread waits for a call after all, for one because it runs implementations itself, such a `.wait()` never ends.
///
/// ```
/// use event_core::plugin::own_thread;
/// use event_core::prelude::*;
/// use std::future::poll_fn;
/// use std::sync::{Arc, Mutex};
/// use std::task::{Poll, Waker};
///
/// #[derive(Default)]
/// struct Write {
///     is_done: bool,
///     waker: Option<Waker>,
/// }
///
/// /// Writes the event on a thread of its own, and waits for that.
/// #[hookimpl(track_event, essential, trylast)]
/// async fn keep(event: &Tracked) {
///     let line = event.name().to_owned();
///     let write = Arc::new(Mutex::new(Write::default()));
///     let by_thread = write.clone();
///     std::thread::spawn(move || {
///         println!("{line}");
///         let mut write = by_thread.lock().unwrap();
///         write.is_done = true;
///         write.waker.take().into_iter().for_each(Waker::wake);
///     });
///     own_thread(poll_fn(|context| {
///         let mut write = write.lock().unwrap();
///         write.waker = Some(context.waker().clone());
///         if write.is_done { Poll::Ready(()) } else { Poll::Pending }
///     }))
///     .await;
/// }
/// ```
pub fn own_thread<F: Future>(future: F) -> OwnThread<F> {
    OwnThread { future }
}

impl<F: Future> Future for OwnThread<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let polled = self.project().future.poll(context);
        if polled.is_pending() && would_block(context.waker()).is_some() {
            INSIDE.set(WaitInside { own_thread: true, ..INSIDE.get() });
        }
        polled
    }
}

impl<F> fmt::Debug for OwnThread<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnThread")
    }
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

    /// Parks until no time is left. Returns whether it was woken.
    fn park_until(&self, left: impl Fn() -> Option<Duration>) -> bool {
        while !self.woken.load(Ordering::Acquire) {
            match left() {
                Some(left) => thread::park_timeout(left),
                None => return false,
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
