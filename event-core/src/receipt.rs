//! What the caller learns of a tracked event.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::error::Error;
use crate::failure::Failure;
use crate::id::LazyId;
use crate::implementation::Implementation;
use crate::tracked::Created;

/// What [`App::track`](crate::App::track) resolves to: the event was tracked, and this became of it.
#[derive(Default)]
pub struct Receipt {
    id: LazyId,
    created: Option<Created>,
    promise: Promise,
    failures: Vec<Failure>,
    stopped_by: Option<Arc<Implementation>>,
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
    pub(crate) fn unheard(id: Option<Uuid>, created: Option<DateTime<Utc>>) -> Self {
        Self { id: LazyId::new(id), created: created.map(Created::Given), ..Self::default() }
    }

    #[inline]
    pub(crate) fn new(
        (id, created): (Option<Uuid>, Created),
        promise: Promise,
        failures: Vec<Failure>,
        stopped_by: Option<Arc<Implementation>>,
    ) -> Self {
        Self { id: LazyId::new(id), created: Some(created), promise, failures, stopped_by }
    }

    /// The event's id: the one that implementations saw, or made now if none of them asked.
    pub fn id(&self) -> Uuid {
        self.id.get_or_make(|| self.created.unwrap_or_else(Created::now).new_id())
    }

    /// The best that an implementation gave.
    pub fn promise(&self) -> Promise {
        self.promise
    }

    /// The implementations that failed, in call order. The event was tracked all the same, and the app's
    /// failure handler has seen each.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// The wrapper that didn't let the event through, if one did so.
    pub fn stopped_by(&self) -> Option<&Implementation> {
        self.stopped_by.as_deref()
    }

    /// The receipt, or an error if any implementation failed.
    ///
    /// # Errors
    /// [`Error::Failed`] with all failures.
    pub fn strict(self) -> Result<Self, Error> {
        if self.failures.is_empty() { Ok(self) } else { Err(Error::Failed(self.failures)) }
    }
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipt")
            .field("id", &self.id())
            .field("promise", &self.promise)
            .field("failures", &self.failures)
            .field("stopped_by", &self.stopped_by.as_ref().map(|it| it.path()))
            .finish_non_exhaustive()
    }
}
