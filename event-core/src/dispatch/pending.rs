//! What a call waits for, so that an error or a line about the wait can name it.

use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::panic::Location;
use std::sync::Arc;

use crate::dispatch::error::Error;
use crate::dispatch::implementation::Implementation;

thread_local! {
    /// What the innermost [`watch_pending`] of this thread has found; `None` without one.
    static FOUND: RefCell<Option<Found>> = const { RefCell::new(None) };
}

type Found = Option<Pending>;

/// What a future of this crate was waiting for when it was polled: as a rule, an implementation that wasn't ready. As text,
/// such as `` `mail::send` (hook track_event, plugin mail, src/lib.rs:12) isn't ready ``.
#[derive(Clone)]
pub struct Pending(What);

#[derive(Clone)]
pub(crate) enum What {
    Implementation(Arc<Implementation>),
    /// Shutdown waits for so many calls that run.
    Calls(usize),
    /// Shutdown waits for another caller's.
    OtherShutdown,
    /// A recorder waits for an event.
    NoSuchEvent,
}

impl Pending {
    /// The implementation: where one waits for a call of its own, that of the innermost call. `None` if it is no
    /// implementation that is waited for.
    pub fn implementation(&self) -> Option<&Implementation> {
        match &self.0 {
            What::Implementation(implementation) => Some(implementation),
            What::Calls(_) | What::OtherShutdown | What::NoSuchEvent => None,
        }
    }
}

/// Notes what is pending. If it is an implementation that waits for a call of its own, what is pending there was noted before,
/// and stays.
pub(crate) fn note(what: impl FnOnce() -> What) {
    let note = |found: &RefCell<Option<Found>>| {
        if let Some(found @ None) = &mut *found.borrow_mut() {
            *found = Some(Pending(what()));
        }
    };
    // On a thread that ends, there is no watch.
    let _ = FOUND.try_with(note);
}

/// Takes back what was noted: its call goes on without it, or is dropped.
pub(crate) fn take() -> Option<Pending> {
    FOUND.try_with(|found| found.borrow_mut().as_mut()?.take()).ok().flatten()
}

/// Polls a future, and returns what was pending in it then. For plugins that run calls on threads of their own, and that say
/// what a caller waits for.
///
/// ```
/// use event_core::plugin::watch_pending;
/// use event_core::prelude::*;
/// use std::pin::pin;
/// use std::task::{Context, Waker};
///
/// #[derive(Event)]
/// struct Login;
///
/// #[hookimpl(track_event)]
/// async fn never_ends() {
///     std::future::pending::<()>().await;
/// }
///
/// let app = App::builder().without_linked().event::<Login>().hook(never_ends).start().wait()?;
/// let mut track = pin!(app.track(Login));
/// let (polled, pending) = watch_pending(|| track.as_mut().poll(&mut Context::from_waker(Waker::noop())));
/// assert!(polled.is_pending());
/// assert!(pending.unwrap().implementation().unwrap().path().ends_with("never_ends"));
/// # Ok::<_, event_core::Error>(())
/// ```
pub fn watch_pending<T>(poll: impl FnOnce() -> T) -> (T, Option<Pending>) {
    let watch = Watch::begin();
    let polled = poll();
    (polled, watch.end())
}

/// A watch, perhaps within another one. A panic ends it, too.
pub(crate) struct Watch {
    outer: Option<Found>,
}

impl Watch {
    pub(crate) fn begin() -> Self {
        Self { outer: replace(Some(None)) }
    }

    pub(crate) fn end(mut self) -> Option<Pending> {
        let found = replace(mem::take(&mut self.outer));
        mem::forget(self);
        found.flatten()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        replace(mem::take(&mut self.outer));
    }
}

fn replace(found: Option<Found>) -> Option<Found> {
    FOUND.try_with(|before| before.replace(found)).ok().flatten()
}

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            What::Implementation(implementation) => write!(f, "{implementation} isn't ready"),
            What::Calls(1) => f.write_str("one call of the app hasn't ended"),
            What::Calls(count) => write!(f, "{count} calls of the app haven't ended"),
            What::OtherShutdown => f.write_str("another `shutdown` hasn't ended"),
            What::NoSuchEvent => f.write_str("no such event was tracked"),
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pending").field(&self.to_string()).finish()
    }
}

/// Where a `.wait()` is written.
pub(crate) type WaitPlace = &'static Location<'static>;

/// A `.wait()` inside an implementation that would block: where it is, and what isn't ready.
pub struct WouldBlock {
    place: WaitPlace,
    pending: Option<Pending>,
}

impl WouldBlock {
    pub(crate) fn error(place: WaitPlace, pending: Option<Pending>) -> Error {
        Error::WouldBlock(Box::new(Self { place, pending }))
    }

    /// Of an implementation that is given up, or of what was noted to be pending in it.
    pub(crate) fn error_of(place: WaitPlace, implementation: &Arc<Implementation>) -> Error {
        let pending = take().unwrap_or_else(|| Pending(What::Implementation(implementation.clone())));
        Self::error(place, Some(pending))
    }

    /// Where the `.wait()` is written.
    pub fn location(&self) -> &'static Location<'static> {
        self.place
    }

    /// The implementation that isn't ready: of calls within each other, that of the innermost. `None` if it is no
    /// implementation that is waited for.
    pub fn implementation(&self) -> Option<&Implementation> {
        self.pending.as_ref()?.implementation()
    }
}

impl fmt::Display for WouldBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place;
        write!(
            f,
            "failed to wait at {}:{}: inside an implementation, `.wait()` can't block",
            place.file(),
            place.line()
        )?;
        if let Some(pending) = &self.pending {
            write!(f, ", and {pending}")?;
        }
        f.write_str("; make the implementation that waits there an `async fn`, and `.await` instead")
    }
}

impl fmt::Debug for WouldBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WouldBlock")
            .field("place", &self.place.to_string())
            .field("pending", &self.pending.as_ref().map(ToString::to_string))
            .finish()
    }
}
