//! How an event is read back from the journal, as the type that a durable implementation takes.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::dispatch::parameter::Probe;
use crate::event::event_type::{Declaration, Event, EventType};
use crate::event::record::Record;
use crate::event::tracked::{AnyTracked, TrackedOf};

/// How the events of one type are read back.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Decoder {
    pub(crate) types: &'static [Declaration],
    pub(crate) decode: fn(&Record) -> Result<Arc<dyn AnyTracked>, serde_json::Error>,
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

impl Decoder {
    const fn of<E: Event + DeserializeOwned>() -> Self {
        Self { types: E::TYPES, decode: decode::<E> }
    }
}

fn decode<E: Event + DeserializeOwned>(record: &Record) -> Result<Arc<dyn AnyTracked>, serde_json::Error> {
    let event = E::deserialize(&record.properties).or_else(|error| {
        // An event without fields has the properties `{}`, which for serde isn't what a unit struct is.
        if record.properties.is_empty() { E::deserialize(Value::Null).map_err(|_| error) } else { Err(error) }
    })?;
    let event_type = E::TYPES.iter().map(EventType::declared).find(|known| known.name() == record.name());
    let event_type = event_type.unwrap_or_else(|| event.event_type());
    Ok(Arc::new(TrackedOf::stored(event, event_type, record)))
}

/// An event that a durable implementation can take by its type.
#[diagnostic::on_unimplemented(
    message = "a durable implementation can't take `{Self}`, which can't be read back from the journal",
    label = "this event doesn't implement `Deserialize`",
    note = "derive `serde::Deserialize` for it beside `Event`",
    note = "or take `&Tracked`, which is every event, with its properties as JSON"
)]
pub trait Stored {
    #[doc(hidden)]
    const DECODER: Option<Decoder>;
}

/// Every event.
#[doc(hidden)]
#[derive(Debug)]
pub struct AnyEvent;

#[diagnostic::do_not_recommend]
impl Stored for AnyEvent {
    const DECODER: Option<Decoder> = None;
}

#[diagnostic::do_not_recommend]
impl<E: Event + DeserializeOwned> Stored for E {
    const DECODER: Option<Decoder> = Some(Decoder::of::<E>());
}

/// How the events of a parameter's type are read back; see [`Probe`].
#[doc(hidden)]
pub const fn decoder_of<E: Stored>(_: PhantomData<E>) -> Option<Decoder> {
    E::DECODER
}

impl<E: Event> Probe<&'static E> {
    pub const EVENT: PhantomData<E> = PhantomData;
}

impl<E: Event> Probe<&'static TrackedOf<E>> {
    pub const EVENT: PhantomData<E> = PhantomData;
}

/// For what isn't one type of event: either every event, or a mistake that is reported elsewhere.
#[doc(hidden)]
pub trait NoEventType {
    const EVENT: PhantomData<AnyEvent> = PhantomData;
}

impl<P: ?Sized> NoEventType for Probe<P> {}
