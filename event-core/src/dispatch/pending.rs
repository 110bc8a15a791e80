//! What a call waits for, so that an error or a line about the wait can name it.

use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::panic::Location;
use std::sync::Arc;

use crate::dispatch::error::Error;
use crate::dispatch::implementation::Implementation;

thread_local! {
    /// What the innermost [`watch`] of this thread has found; `None` without one.
    static FOUND: RefCell<Option<Found>> = const { RefCell::new(None) };
}

type Found = Option<Pending>;

/// What a future waits for that was polled: as a rule, an implementation that isn't ready.
#[derive(Clone)]
pub(crate) enum Pending {
    Implementation(Arc<Implementation>),
    /// Shutdown waits for so many calls that run.
    Calls(usize),
    /// Shutdown waits for another caller's.
    OtherShutdown,
    /// A recorder waits for an event.
    NoSuchEvent,
}

/// Notes what is pending. If it is an implementation that waits for a call of its own, what is pending there was noted before,
/// and stays.
#[inline]
pub(crate) fn note(pending: impl FnOnce() -> Pending) {
    let note = |found: &RefCell<Option<Found>>| {
        if let Some(found @ None) = &mut *found.borrow_mut() {
            *found = Some(pending());
        }
    };
    // On a thread that ends, there is no watch.
    let _ = FOUND.try_with(note);
}

/// Takes back what was noted: its call goes on without it, or is dropped.
pub(crate) fn take() -> Option<Pending> {
    FOUND.try_with(|found| found.borrow_mut().as_mut()?.take()).ok().flatten()
}

/// Polls, and returns what was pending then.
pub(crate) fn watch<T>(poll: impl FnOnce() -> T) -> (T, Option<Pending>) {
    let watching = Watching { outer: replace(Some(None)) };
    let polled = poll();
    let found = take();
    drop(watching);
    (polled, found)
}

/// A watch, perhaps within another one. A panic ends it, too.
struct Watching {
    outer: Option<Found>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        replace(mem::take(&mut self.outer));
    }
}

fn replace(found: Option<Found>) -> Option<Found> {
    FOUND.try_with(|before| before.replace(found)).ok().flatten()
}

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Implementation(implementation) => write!(f, "{implementation} isn't ready"),
            Self::Calls(1) => f.write_str("one call of the app hasn't ended"),
            Self::Calls(count) => write!(f, "{count} calls of the app haven't ended"),
            Self::OtherShutdown => f.write_str("another `shutdown` hasn't ended"),
            Self::NoSuchEvent => f.write_str("no such event was tracked"),
        }
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
        let pending = take().unwrap_or_else(|| Pending::Implementation(implementation.clone()));
        Self::error(place, Some(pending))
    }

    /// Where the `.wait()` is written.
    pub fn location(&self) -> &'static Location<'static> {
        self.place
    }

    /// The implementation that isn't ready: of calls within each other, that of the innermost. `None` if it is no
    /// implementation that is waited for.
    pub fn implementation(&self) -> Option<&Implementation> {
        match self.pending.as_ref()? {
            Pending::Implementation(implementation) => Some(implementation),
            Pending::Calls(_) | Pending::OtherShutdown | Pending::NoSuchEvent => None,
        }
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
