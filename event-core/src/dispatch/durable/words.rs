//! What a durable implementation is told about its call, and the errors by which it says how to go on.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::dispatch::failure::{BoxError, Failure};
use crate::event::foreign::{self, Guarded};

/// A call of a durable implementation: which consumer, and which attempt. Taken by name, as `delivery: &Delivery`. With a `batch`,
/// the attempts are those of its first event.
///
/// ```
/// use event_core::durable::Delivery;
/// use event_core::prelude::*;
///
/// #[derive(Event, serde::Deserialize)]
/// struct OrderPlaced {
///     order: u64,
/// }
///
/// #[hookimpl(track_event, durable)]
/// fn tell_billing(event: &OrderPlaced, delivery: &Delivery) {
///     println!("order {}, attempt {}", event.order, delivery.attempt());
/// }
/// ```
///
/// Two processes can call one event at the same time, where one of them was stopped in its call (`SIGSTOP`, a suspended machine) and
/// has lost the consumer meanwhile. A receiver that keeps the largest [`epoch`](Self::epoch) it has seen refuses that one:
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use event_core::durable::{Delivery, Retry};
/// use event_core::prelude::*;
///
/// #[derive(Event, serde::Deserialize)]
/// struct StockCounted {
///     left: u64,
/// }
///
/// /// The receiver: as a rule another service, with a column for the epoch.
/// static LARGEST: AtomicU64 = AtomicU64::new(0);
///
/// #[hookimpl(track_event, durable)]
/// fn show_the_stock(event: &StockCounted, delivery: &Delivery) -> Result<(), Retry> {
///     if LARGEST.fetch_max(delivery.epoch(), Ordering::AcqRel) > delivery.epoch() {
///         return Err(Retry::new("another process delivers to this consumer now"));
///     }
///     println!("{} left, by event {}", event.left, delivery.place());
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Delivery {
    consumer: String,
    attempt: u32,
    first_attempt: DateTime<Utc>,
    place: u64,
    owner: Uuid,
    epoch: u64,
}

impl Delivery {
    /// For the plugin that delivers.
    pub fn new(consumer: impl Into<String>, attempt: u32, first_attempt: DateTime<Utc>) -> Self {
        Self { consumer: consumer.into(), attempt, first_attempt, place: 0, owner: Uuid::nil(), epoch: 0 }
    }

    /// The same for the event at this place of the journal.
    #[must_use]
    pub fn at(self, place: u64) -> Self {
        Self { place, ..self }
    }

    /// The same by this owner of the consumer, in this epoch.
    #[must_use]
    pub fn by(self, owner: Uuid, epoch: u64) -> Self {
        Self { owner, epoch, ..self }
    }

    /// The consumer's stable name, such as `shop::tell_billing`.
    pub fn consumer(&self) -> &str {
        &self.consumer
    }

    /// Which attempt this is to deliver the event, from 1 on.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// When the first one began.
    pub fn first_attempt(&self) -> DateTime<Utc> {
        self.first_attempt
    }

    /// The event's place in the journal, its `seq`: later events have larger ones. 0 where the call isn't of one event of a journal.
    pub fn place(&self) -> u64 {
        self.place
    }

    /// How often the consumer's owner has changed: the process that delivers to it. It never gets smaller.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Names that owner: an app, from its start to its end.
    pub fn owner(&self) -> Uuid {
        self.owner
    }
}

/// What a failure of a durable implementation means for its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureClass {
    /// Any error and any panic: it is tried again, until the consumer gives up.
    Unknown,
    /// [`Retry`]: an outage. It is tried again without limit, after this time if the error names one.
    Retry(Option<Duration>),
    /// [`Rejected`]: it can never succeed.
    Rejected,
    /// [`Stop`]: the consumer pauses.
    Stop,
}

impl FailureClass {
    /// By the first [`Retry`], [`Rejected`] or [`Stop`] among the failure's cause and the causes of that.
    pub fn of(failure: &Failure) -> Self {
        let found = foreign::chain(failure.cause()).find_map(|cause| cause.downcast_ref::<Classed>());
        found.map_or(Self::Unknown, |classed| classed.class)
    }
}

/// The cause of one of the errors below, with its class. It is the first source of those, since error types such as
/// `anyhow::Error` hide the outermost error and show its sources.
struct Classed {
    class: FailureClass,
    cause: Guarded<BoxError>,
}

impl Classed {
    fn new(class: FailureClass, cause: BoxError) -> Self {
        Self { class, cause: Guarded::new(cause) }
    }
}

impl fmt::Display for Classed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.class {
            FailureClass::Rejected => "it is given up",
            FailureClass::Stop => "the consumer pauses",
            FailureClass::Retry(_) | FailureClass::Unknown => "it is tried again",
        })
    }
}

impl fmt::Debug for Classed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&foreign::debug_text(self.cause.get()))
    }
}

impl StdError for Classed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let cause: &(dyn StdError + Send + Sync) = &**self.cause.get();
        Some(cause)
    }
}

/// The error of an outage: the receiver can't be reached, or is busy. The event is tried again without limit.
///
/// ```
/// use event_core::durable::Retry;
///
/// fn send() -> Result<(), Retry> {
///     std::fs::read("/the/mailer/is/down").map(drop).map_err(Retry::new)
/// }
/// ```
#[derive(Debug)]
pub struct Retry(Classed);

/// The error of an event that can never be delivered: it becomes a dead letter at once.
#[derive(Debug)]
pub struct Rejected(Classed);

/// The error that pauses the consumer, such as wrong credentials: nothing is lost, and a person has to act.
#[derive(Debug)]
pub struct Stop(Classed);

impl Retry {
    /// With the cause of the outage.
    pub fn new(cause: impl Into<BoxError>) -> Self {
        Self(Classed::new(FailureClass::Retry(None), cause.into()))
    }

    /// The same, where the receiver says when to try again.
    pub fn after(delay: Duration, cause: impl Into<BoxError>) -> Self {
        Self(Classed::new(FailureClass::Retry(Some(delay)), cause.into()))
    }
}

impl Rejected {
    /// With the reason.
    pub fn new(cause: impl Into<BoxError>) -> Self {
        Self(Classed::new(FailureClass::Rejected, cause.into()))
    }
}

impl Stop {
    /// With the reason.
    pub fn new(cause: impl Into<BoxError>) -> Self {
        Self(Classed::new(FailureClass::Stop, cause.into()))
    }
}

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the receiver can't take the event now")
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the receiver will never take the event")
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the receiver refuses every event")
    }
}

impl StdError for Retry {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

impl StdError for Rejected {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

impl StdError for Stop {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}
