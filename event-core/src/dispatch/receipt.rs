//! The receipt of a tracked event.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use uuid::Uuid;

use crate::dispatch::error::Error;
use crate::dispatch::execute::Notable;
use crate::dispatch::failure::Failure;
use crate::dispatch::implementation::Implementation;
use crate::event::cause::IntoCause;
use crate::event::durability::Durability;
use crate::event::envelope::{Envelope, now};
use crate::event::id::{LazyId, new_id};

/// What [`App::track`](crate::App::track) resolves to: the event was tracked, with these failures.
#[derive(Default)]
pub struct Receipt {
    id: LazyId,
    /// `None` for an event without implementations, unless its time was given.
    created: Option<SystemTime>,
    /// A [`Durability`].
    durability: u8,
    /// Not shared, but in an `Arc`, since that is the cheapest to drop while there is none: with a `Box` an event costs 7
    /// instructions more.
    rare: OnceLock<Arc<Rare>>,
}

/// Parts that few receipts have; in an `Arc`, so that the others stay small.
#[derive(Default)]
struct Rare {
    notable: Notable,
    /// An id that was given, or made without a time of the event's.
    id: Option<Uuid>,
}

impl IntoCause for &Receipt {
    fn into_cause(self) -> Uuid {
        self.id()
    }
}

impl Receipt {
    /// Of an event for which nothing went wrong. The look at the id that the caller may have given costs 45 instructions, so
    /// it is [apart](Self::with_given_id).
    #[inline]
    pub(crate) fn of_now(envelope: &Envelope) -> Self {
        let (id, created) = envelope.lazy_id();
        Self { id, created: Some(created), durability: envelope.durability_number(), rare: OnceLock::new() }
    }

    /// The receipt with the id, if the caller gave one.
    pub(crate) fn with_given_id(self, envelope: &Envelope) -> Self {
        match envelope.given_id() {
            None => self,
            Some(id) => self.with_id(id),
        }
    }

    #[cold]
    fn with_id(mut self, id: Uuid) -> Self {
        let rare = Rare { id: Some(id), ..self.take_rare() };
        self.rare = OnceLock::from(Arc::new(rare));
        self
    }

    #[cold]
    pub(crate) fn with(mut self, notable: Notable) -> Self {
        let rare = Rare { notable, ..self.take_rare() };
        self.rare = OnceLock::from(Arc::new(rare));
        self
    }

    fn take_rare(&mut self) -> Rare {
        self.rare.take().and_then(Arc::into_inner).unwrap_or_default()
    }

    /// The event's id: the one that implementations saw, or made now if none of them asked.
    #[expect(clippy::missing_panics_doc, reason = "a receipt without a time is made with an id")]
    pub fn id(&self) -> Uuid {
        match (self.rare.get().and_then(|rare| rare.id), self.created) {
            (Some(id), _) => id,
            (None, Some(created)) => self.id.get_or_make(created),
            (None, None) => {
                let rare = || Arc::new(Rare { id: Some(new_id(now())), ..Rare::default() });
                self.rare.get_or_init(rare).id.expect("a receipt without a time is made with an id")
            }
        }
    }

    /// The best durability that an implementation promised.
    pub fn durability(&self) -> Durability {
        Durability::from_u8(self.durability)
    }

    /// The implementations that failed, in call order. The event was tracked all the same, and the app's
    /// failure handler has seen each.
    pub fn failures(&self) -> &[Failure] {
        self.rare.get().map_or(&[], |rare| &rare.notable.failures)
    }

    /// The wrapper that stopped the event, if one did.
    pub fn stopped_by(&self) -> Option<&Implementation> {
        self.rare.get().and_then(|rare| rare.notable.stopped_by.as_deref())
    }

    /// The receipt, or an error if any implementation failed.
    ///
    /// # Errors
    /// [`Error::Failed`] with all failures.
    pub fn strict(self) -> Result<Self, Error> {
        match self.failures() {
            [] => Ok(self),
            failures => Err(Error::Failed(failures.to_vec())),
        }
    }
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipt")
            .field("id", &self.id())
            .field("durability", &self.durability())
            .field("failures", &self.failures())
            .field("stopped_by", &self.stopped_by().map(Implementation::path))
            .finish()
    }
}
