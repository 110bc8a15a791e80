//! An event as it is read back.

use std::ops::Deref;

use chrono::{DateTime, Utc};
use event_core::{Actor, Context, Event, Record};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

/// An event of any type, read back from the journal.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stored {
    /// Its position in the journal: later ones are larger, and none is used twice.
    pub seq: u64,
    /// The event with its envelope. It can stand wherever a `&Tracked` is wanted.
    pub record: Record,
}

impl Deref for Stored {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

/// An event of type `E`, read back from the journal.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StoredOf<E> {
    /// Its position in the journal: later ones are larger, and none is used twice.
    pub seq: u64,
    /// The event's id.
    pub id: Uuid,
    /// The version of the event's fields when it was stored.
    pub version: u32,
    /// When it happened.
    pub created: DateTime<Utc>,
    /// Who caused it; `None` without an actor.
    pub actor: Option<Actor>,
    /// Its context; `None` without one.
    pub context: Option<Context>,
    /// The event itself.
    pub event: E,
}

impl<E> Deref for StoredOf<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.event
    }
}

/// How an event is read as a `T`: [`Stored`], or [`StoredOf`] an event type.
pub(crate) type ReadRecord<T> = fn(u64, Record) -> serde_json::Result<T>;

/// An event that can be read back from the journal: one that also derives serde's `Deserialize`.
///
/// ```compile_fail,E0277
/// use event_core::prelude::*;
///
/// #[derive(Event)]
/// struct BanUser {
///     user: String,
/// }
///
/// fn bans(store: &event_journal::Store) {
///     let _ = store.events_of::<BanUser>();
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "the store can't read `{Self}` back",
    label = "this event doesn't implement `Deserialize`",
    note = "derive `serde::Deserialize` for it beside `Event`",
    note = "or read events of any type, with their properties as JSON: `store.events().name(\"…\")`"
)]
pub trait ReadBack: Event + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<E: Event + DeserializeOwned> ReadBack for E {}

impl<E: ReadBack> StoredOf<E> {
    pub(crate) fn from_record(seq: u64, record: Record) -> serde_json::Result<Self> {
        let Record { id, version, created, actor, context, properties, .. } = record;
        let is_empty = properties.is_empty();
        let event = E::deserialize(properties).or_else(|error| {
            // An event without fields has the properties `{}`, which for serde isn't what a unit struct is.
            if is_empty { E::deserialize(Value::Null).map_err(|_| error) } else { Err(error) }
        })?;
        Ok(Self { seq, id, version, created, actor, context, event })
    }
}
