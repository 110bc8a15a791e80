//! How deep a value may be to be written or read.
//!
//! Writing, reading and dropping a value recurse. At any allowed depth, a thread of 2 MiB has room for all three, also
//! without optimization.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};
use serde::ser;
use serde_json::{Map, Value};

use crate::event::json::premade::{self, NUMBER};

/// How many levels of lists and objects the properties of an event may have, and an actor, each counted from its own
/// outermost object.
///
/// As many `Some`s and newtypes may be nested on the way, which leave no level in the JSON.
///
/// Readers stop at 127, `serde_json`'s limit. That leaves room for a record around the properties, for a list of
/// records and for a message around them.
pub const MAX_DEPTH: usize = LEVELS as usize;

const LEVELS: u8 = 100;

/// `Some` and newtypes recurse without a level in the JSON. Without optimization a large `serialize` takes 5 KiB of stack
/// each time.
const MOST_WRAPPERS: u8 = LEVELS;

/// How much deeper a value may become.
#[derive(Clone, Copy)]
pub(crate) struct Depth {
    levels: u8,
    wrappers: u8,
}

impl Depth {
    pub(crate) const WHOLE: Self = Self { levels: LEVELS, wrappers: MOST_WRAPPERS };
    /// Within an event's own object.
    pub(crate) const FIELD: Self = Self { levels: Self::WHOLE.levels - 1, ..Self::WHOLE };

    /// Within a list or an object.
    #[inline]
    pub(crate) fn deeper<E: ser::Error>(self) -> Result<Self, E> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Self { levels, ..self }),
            None => Err(too_deep()),
        }
    }

    /// Within a `Some` or a newtype.
    #[inline]
    pub(crate) fn wrapped<E: ser::Error>(self) -> Result<Self, E> {
        match self.wrappers.checked_sub(1) {
            Some(wrappers) => Ok(Self { wrappers, ..self }),
            None => Err(too_wrapped()),
        }
    }
}

#[cold]
fn too_deep<E: ser::Error>() -> E {
    E::custom(TooDeep)
}

#[cold]
fn too_wrapped<E: ser::Error>() -> E {
    E::custom(format_args!("`Some`s and newtypes are nested deeper than {MOST_WRAPPERS} levels"))
}

struct TooDeep;

impl fmt::Display for TooDeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lists and objects are nested deeper than {MAX_DEPTH} levels")
    }
}

/// Why an object that was made by hand can't be written and read back as the same.
pub(crate) fn fault(object: &Map<String, Value>) -> Option<String> {
    object.iter().find_map(|(key, value)| fault_at(key, value, MAX_DEPTH - 1))
}

fn fault_at(key: &str, value: &Value, levels: usize) -> Option<String> {
    let why = premade::fault_of_key(key).or_else(|| fault_of(value, levels))?;
    Some(format!("`{key}`: {why}"))
}

fn fault_of(value: &Value, levels: usize) -> Option<String> {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => None,
        Value::Number(number) if number.is_u64() || number.is_i64() => None,
        // With serde_json's `arbitrary_precision`, it is any text that looks like a number.
        Value::Number(number) => premade::fault_of_number(&number.to_string()),
        Value::Array(_) | Value::Object(_) if levels == 0 => Some(TooDeep.to_string()),
        Value::Array(items) => items.iter().find_map(|item| fault_of(item, levels - 1)),
        Value::Object(object) => object.iter().find_map(|(key, value)| fault_at(key, value, levels - 1)),
    }
}

/// Reads an object that is at most [`MAX_DEPTH`] deep, and fails before it recurses deeper.
pub(crate) fn read_object<'de, D: Deserializer<'de>>(from: D) -> Result<Map<String, Value>, D::Error> {
    match (Reading { levels: MAX_DEPTH }).deserialize(from)? {
        Value::Object(object) => Ok(object),
        _ => Err(de::Error::custom("an object is expected")),
    }
}

#[derive(Clone, Copy)]
struct Reading {
    levels: usize,
}

impl Reading {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        self.levels.checked_sub(1).map(|levels| Self { levels }).ok_or_else(|| E::custom(TooDeep))
    }
}

impl<'de> DeserializeSeed<'de> for Reading {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        self.deserialize(from)
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        let number = serde_json::Number::from_f64(number);
        number.map(Value::Number).ok_or_else(|| E::custom("a number isn't finite"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper();
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            // What a number is where serde_json's `arbitrary_precision` is on.
            if key == NUMBER && object.is_empty() {
                let number: Value = premade::read_number(&entries.next_value::<String>()?)?;
                return Ok(number);
            }
            if let Some(fault) = premade::fault_of_key(&key) {
                return Err(de::Error::custom(fault));
            }
            let Ok(inner) = inner else { return Err(de::Error::custom(TooDeep)) };
            let value = entries.next_value_seed(inner)?;
            object.insert(key, value);
        }
        inner?;
        Ok(object.into())
    }
}
