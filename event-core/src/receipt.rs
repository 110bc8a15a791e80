//! What the caller learns of a tracked event.

use std::sync::Arc;
use std::time::SystemTime;

use uuid::Uuid;

use crate::dispatch::Notable;
use crate::envelope::{Given, now};
use crate::error::Error;
use crate::failure::Failure;
use crate::id::{LazyId, new_id};
use crate::implementation::Implementation;
use crate::tracked::Tracked;

/// What [`App::track`](crate::App::track) resolves to: the event was tracked, and this became of it.
#[derive(Default)]
pub struct Receipt {
    id: LazyId,
    /// What an id that nobody has asked for yet would be made of; the time of the receipt where there is none.
    created: Option<SystemTime>,
    /// A [`Promise`].
    promise: u8,
    /// Shared, since that is the smallest thing to drop when there is none.
    notable: Option<Arc<Notable>>,
}

/// The best that an implementation gave for an event, from least to most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Promise {
    /// No implementation keeps the event.
    #[default]
    Nothing,
    /// The event waits in this process's memory to be written; it doesn't survive a crash.
    Enqueued,
    /// The event is on disk and survives a crash of the process and of the machine.
    OnDisk,
}

impl Promise {
    #[inline]
    pub(crate) fn from_u8(number: u8) -> Self {
        match number {
            0 => Self::Nothing,
            1 => Self::Enqueued,
            _ => Self::OnDisk,
        }
    }
}

impl Receipt {
    /// Of an event that nobody listens to.
    #[inline]
    pub(crate) fn unheard(given: Option<Box<Given>>) -> Self {
        match given {
            None => Self::default(),
            Some(given) => Self {
                id: given.id.map(LazyId::from).unwrap_or_default(),
                created: given.created.map(SystemTime::from),
                ..Self::default()
            },
        }
    }

    #[inline]
    pub(crate) fn new(id: &LazyId, created: SystemTime, promise: u8) -> Self {
        match id.so_far() {
            None => Self { id: LazyId::default(), created: Some(created), promise, notable: None },
            Some(id) => Self { id: id.into(), created: Some(created), promise, notable: None },
        }
    }

    /// Of an event of any type.
    pub(crate) fn of(event: &Tracked) -> Self {
        Self {
            id: event.id().into(),
            created: Some(event.created().into()),
            promise: event.promised() as u8,
            notable: None,
        }
    }

    #[cold]
    pub(crate) fn with(mut self, notable: Notable) -> Self {
        self.notable = Some(Arc::new(notable));
        self
    }

    /// The event's id: the one that implementations saw, or made now if none of them asked.
    pub fn id(&self) -> Uuid {
        self.id.get_or_make(|| new_id(self.created.unwrap_or_else(now)))
    }

    /// The best that an implementation gave.
    pub fn promise(&self) -> Promise {
        Promise::from_u8(self.promise)
    }

    /// The implementations that failed, in call order. The event was tracked all the same, and the app's
    /// failure handler has seen each.
    pub fn failures(&self) -> &[Failure] {
        self.notable.as_ref().map_or(&[], |notable| &notable.failures)
    }

    /// The wrapper that didn't let the event through, if one did so.
    pub fn stopped_by(&self) -> Option<&Implementation> {
        self.notable.as_ref().and_then(|notable| notable.stopped_by.as_deref())
    }

    /// The receipt, or an error if any implementation failed.
    ///
    /// # Errors
    /// [`Error::Failed`] with all failures.
    pub fn strict(self) -> Result<Self, Error> {
        match self.notable {
            Some(notable) if !notable.failures.is_empty() => Err(Error::Failed(notable.failures.clone())),
            _ => Ok(self),
        }
    }
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipt")
            .field("id", &self.id())
            .field("promise", &self.promise())
            .field("failures", &self.failures())
            .field("stopped_by", &self.stopped_by().map(Implementation::path))
            .finish_non_exhaustive()
    }
}
