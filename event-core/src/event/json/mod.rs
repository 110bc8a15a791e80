//! How an event's fields become JSON: as a map, and as text.

pub(crate) mod depth;
mod map_key;
pub(crate) mod premade;
pub(crate) mod strict;

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use self::strict::Checked;
use crate::event::escape::escape_controls;
use crate::event::event_type::Event;
use crate::event::foreign::error_lines;

/// An event's fields as a JSON object, in the order of their declaration.
pub type Properties = Map<String, Value>;

/// The fields of `event` as a map.
pub(crate) fn to_map<E: Event>(event: &E) -> Result<Properties, PropertiesError> {
    let mut map = Map::with_capacity(event.event_type().fields().len());
    Writer::write(Target::Map(&mut map), event)?;
    Ok(map)
}

/// Appends the fields of `event` as JSON text; on an error `out` is as it was.
pub(crate) fn to_text<E: Event>(event: &E, out: &mut Vec<u8>) -> Result<(), PropertiesError> {
    let start = out.len();
    let written = Writer::write(Target::Text(out, b'{'), event);
    match &written {
        Ok(()) if out.len() == start => out.extend_from_slice(b"{}"),
        Ok(()) => {}
        Err(_) => out.truncate(start),
    }
    written
}

/// Appends the properties of a record as JSON text; on an error `out` is as it was.
pub(crate) fn of_record(
    name: &str,
    properties: &Properties,
    out: &mut Vec<u8>,
) -> Result<(), PropertiesError> {
    if let Some(fault) = depth::fault(properties) {
        let cause = Arc::new(serde::ser::Error::custom(fault));
        return Err(PropertiesError { event: name.to_owned().into(), cause });
    }
    serde_json::to_writer(out, properties).expect("a JSON object can be written to memory");
    Ok(())
}

/// Generated code writes the fields of an event here.
#[doc(hidden)]
pub struct Writer<'a> {
    target: Target<'a>,
    error: Option<serde_json::Error>,
}

enum Target<'a> {
    Map(&'a mut Properties),
    /// The text so far, and the separator before the next key.
    Text(&'a mut Vec<u8>, u8),
}

impl<'a> Writer<'a> {
    fn write<E: Event>(target: Target<'a>, event: &E) -> Result<(), PropertiesError> {
        let mut writer = Self { target, error: None };
        event.write_properties(&mut writer);
        match writer.error {
            None => {
                // Ends an object that a field began; an event's own object ends itself.
                if let Target::Text(out, b',') = writer.target {
                    out.push(b'}');
                }
                Ok(())
            }
            Some(error) => Err(PropertiesError::new(event, error)),
        }
    }

    /// A field whose key is a Rust name, which needs no escapes.
    #[inline]
    pub fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> &mut Self {
        if self.error.is_none()
            && let Err(error) = self.try_field(key, value)
        {
            self.error = Some(strict::at_key(key, &error));
        }
        self
    }

    #[inline]
    fn try_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), serde_json::Error> {
        match &mut self.target {
            Target::Map(map) => {
                let value =
                    value.serialize(Checked::field(serde_json::value::Serializer, strict::Form::Map))?;
                map.insert(key.to_owned(), value);
            }
            Target::Text(out, before) => {
                out.extend_from_slice(&[*before, b'"']);
                out.extend_from_slice(key.as_bytes());
                out.extend_from_slice(b"\":");
                *before = b',';
                let mut serializer = serde_json::Serializer::new(&mut **out);
                value.serialize(Checked::field(&mut serializer, strict::Form::Text))?;
            }
        }
        Ok(())
    }

    /// All fields at once, by the event's own [`serialize_properties`](Event::serialize_properties).
    pub(crate) fn object<E: Event>(&mut self, event: &E) {
        let written = match &mut self.target {
            Target::Map(map) => {
                let serializer = Checked::whole(serde_json::value::Serializer, strict::Form::Map);
                match event.serialize_properties(serializer) {
                    Ok(Value::Object(object)) => {
                        **map = object;
                        Ok(())
                    }
                    Ok(_) => Err(no_object()),
                    Err(error) => Err(error),
                }
            }
            Target::Text(out, _) => {
                let start = out.len();
                let mut serializer = serde_json::Serializer::new(&mut **out);
                match event.serialize_properties(Checked::whole(&mut serializer, strict::Form::Text)) {
                    Ok(()) if out.get(start) != Some(&b'{') => Err(no_object()),
                    written => written,
                }
            }
        };
        self.error = written.err();
    }
}

#[cold]
fn no_object() -> serde_json::Error {
    serde::ser::Error::custom("its `Serialize` writes something that is no JSON object")
}

/// The fields of an event can't be written as JSON: a map whose keys are no strings, a number that isn't finite
/// or needs more than 64 bits, a key that comes twice, lists and objects that are nested deeper than
/// [`MAX_DEPTH`](crate::plugin::MAX_DEPTH) levels, a poisoned `Mutex`, a path that isn't UTF-8.
///
/// Says which event; [`source`](std::error::Error::source) says which field and why.
#[derive(Clone)]
pub struct PropertiesError {
    event: Cow<'static, str>,
    cause: Arc<serde_json::Error>,
}

impl PropertiesError {
    fn new<E: Event>(event: &E, cause: serde_json::Error) -> Self {
        Self { event: event.event_type().name().into(), cause: Arc::new(cause) }
    }

    /// The name of the event.
    pub fn event(&self) -> &str {
        &self.event
    }
}

impl std::fmt::Display for PropertiesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the properties of event `{}` can't be written as JSON", escape_controls(&self.event))
    }
}

/// The output of a `main` that returns this: the message, and each cause on a line of its own.
impl std::fmt::Debug for PropertiesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&error_lines(self))
    }
}

impl std::error::Error for PropertiesError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.cause)
    }
}
