//! An event as it is read back.

use std::ops::Deref;

use chrono::{DateTime, Datelike, Utc};
use event_core::plugin::RecordTexts;
use event_core::{Actor, Context, Record};
use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, Error as _};
use uuid::Uuid;

use crate::row::YEARS;

/// An event of any type, read back from the store.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stored {
    /// Its position in the store: later ones are larger, and none is used twice.
    pub seq: i64,
    /// The event with its envelope. It can stand wherever a `&Tracked` is wanted.
    pub record: Record,
}

impl Deref for Stored {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

/// An event of type `E`, read back from the store.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StoredOf<E> {
    /// Its position in the store: later ones are larger, and none is used twice.
    pub seq: i64,
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

/// A row as it is in the table.
pub(crate) struct Columns<'r> {
    pub(crate) seq: i64,
    pub(crate) id: &'r str,
    pub(crate) name: &'r str,
    pub(crate) version: u32,
    pub(crate) created: &'r str,
    pub(crate) actor: Option<&'r str>,
    pub(crate) properties: &'r str,
    pub(crate) context: Option<&'r str>,
}

/// What a row can be read as: [`Stored`], or [`StoredOf`] an event type.
pub trait FromColumns: Sized + Send + 'static + sealed::Sealed {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only this crate implements or calls it")]
    fn from_columns(columns: &Columns<'_>) -> serde_json::Result<Self>;
}

impl FromColumns for Stored {
    #[expect(private_interfaces, reason = "only this crate implements or calls it")]
    fn from_columns(columns: &Columns<'_>) -> serde_json::Result<Self> {
        let Columns { seq, id, name, version, created, actor, context, properties } = *columns;
        let record = RecordTexts { id, name, version, created, actor, context, properties }.read()?;
        Ok(Self { seq, record })
    }
}

impl<E: DeserializeOwned + Send + 'static> FromColumns for StoredOf<E> {
    #[expect(private_interfaces, reason = "only this crate implements or calls it")]
    fn from_columns(columns: &Columns<'_>) -> serde_json::Result<Self> {
        Ok(Self {
            seq: columns.seq,
            id: text(columns.id)?,
            version: columns.version,
            created: created(columns.created)?,
            actor: columns.actor.map(serde_json::from_str).transpose()?,
            context: columns.context.map(serde_json::from_str).transpose()?,
            event: properties(columns.properties)?,
        })
    }
}

fn text<'de, T: Deserialize<'de>>(text: &'de str) -> serde_json::Result<T> {
    T::deserialize(StrDeserializer::new(text))
}

/// As a [`Record`]'s, so that a row is an event of its type only where it is an event.
fn created(written: &str) -> serde_json::Result<DateTime<Utc>> {
    let time: DateTime<Utc> = text(written)?;
    if YEARS.contains(&time.year()) {
        return Ok(time);
    }
    Err(serde_json::Error::custom(format_args!("its time {time:?} is outside of the years 0 to 9999")))
}

/// An event without fields has the properties `{}`, which for serde isn't what a unit struct is.
fn properties<E: DeserializeOwned>(text: &str) -> serde_json::Result<E> {
    match serde_json::from_str(text) {
        Err(_) if text == "{}" => serde_json::from_str("null"),
        read => read,
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Stored {}
    impl<E> Sealed for super::StoredOf<E> {}
}
