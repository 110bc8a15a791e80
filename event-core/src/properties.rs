//! How an event's fields become JSON: as a map, and as text.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::checked::{Checked, Form};
use crate::event::Event;

/// An event's fields as a JSON object, in the order of their declaration.
pub type Properties = Map<String, Value>;

/// The fields of `event` as a map.
pub(crate) fn to_map<E: Event>(event: &E) -> Result<Properties, PropertiesError> {
    let written = event.serialize_properties(Checked::new(serde_json::value::Serializer, Form::Map));
    match written {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(PropertiesError::not_an_object(event)),
        Err(cause) => Err(PropertiesError::new(event, cause)),
    }
}

/// Appends the fields of `event` as JSON text; on an error `out` is as it was.
pub(crate) fn to_text<E: Event>(event: &E, out: &mut Vec<u8>) -> Result<(), PropertiesError> {
    let start = out.len();
    let mut serializer = serde_json::Serializer::new(&mut *out);
    let written = event.serialize_properties(Checked::new(&mut serializer, Form::Text));
    let result = match written {
        Ok(()) if out.get(start) == Some(&b'{') => return Ok(()),
        Ok(()) => Err(PropertiesError::not_an_object(event)),
        Err(cause) => Err(PropertiesError::new(event, cause)),
    };
    out.truncate(start);
    result
}

/// The fields of an event can't be written as JSON: a map whose keys are no strings, a number that isn't finite
/// or needs more than 64 bits, a key that comes twice, a poisoned `Mutex`, a path that isn't UTF-8.
///
/// Says which event; [`source`](std::error::Error::source) says which field and why.
#[derive(Clone, Debug)]
pub struct PropertiesError {
    event: &'static str,
    cause: Arc<serde_json::Error>,
}

impl PropertiesError {
    fn new<E: Event>(event: &E, cause: serde_json::Error) -> Self {
        Self { event: event.event_type().name(), cause: Arc::new(cause) }
    }

    fn not_an_object<E: Event>(event: &E) -> Self {
        let cause = serde::ser::Error::custom("its `Serialize` writes something that is no JSON object");
        Self::new(event, cause)
    }

    /// The name of the event.
    pub fn event(&self) -> &str {
        self.event
    }
}

impl std::fmt::Display for PropertiesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the properties of event `{}` can't be written as JSON", self.event)
    }
}

impl std::error::Error for PropertiesError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.cause)
    }
}
