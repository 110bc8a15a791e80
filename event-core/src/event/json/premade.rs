//! How JSON that was made elsewhere is taken apart, so that it is checked and written anew like everything else.
//!
//! `serde_json` lets its `RawValue` through as it is, and with its feature `arbitrary_precision` numbers too. Both reach
//! a serializer as a struct with a name that only `serde_json` knows, and with one field, which is text.

use std::cell::Cell;

use serde::de::{self, IgnoredAny};
use serde::ser::{self, Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

/// The names of those structs, and of their fields.
pub(crate) const NUMBER: &str = "$serde_json::private::Number";
pub(crate) const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// More digits than a float keeps.
const MOST_DIGITS: usize = 17;

/// Why this can't be a key.
pub(crate) fn fault_of_key(key: &str) -> Option<String> {
    // serde_json reads an object that begins with one as a number, or as the JSON in its text.
    matches!(key, NUMBER | RAW_VALUE).then(|| format!("the key `{key}` has a meaning of its own to readers"))
}

/// Why this number can't be written and read back as the same.
pub(crate) fn fault_of_number(text: &str) -> Option<String> {
    number(text).err()
}

/// A JSON number as text, as the number.
pub(crate) fn read_number<E: de::Error>(text: &str) -> Result<Value, E> {
    match number(text) {
        Ok(Number::Unsigned(number)) => Ok(number.into()),
        Ok(Number::Signed(number)) => Ok(number.into()),
        Ok(Number::Float(number)) => Ok(number.into()),
        Err(why) => Err(E::custom(why)),
    }
}

pub(crate) fn write_number<S: Serializer>(text: &str, to: S) -> Result<S::Ok, S::Error> {
    match number(text) {
        Ok(Number::Unsigned(number)) => to.serialize_u64(number),
        Ok(Number::Signed(number)) => to.serialize_i64(number),
        Ok(Number::Float(number)) => to.serialize_f64(number),
        Err(why) => Err(ser::Error::custom(why)),
    }
}

enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

fn number(text: &str) -> Result<Number, String> {
    if text.trim() != text || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return Err(format!("{} is not a JSON number", shortened(text)));
    }
    let lost =
        |what| Err(format!("{} needs more than {what}, which JSON readers don't keep", shortened(text)));
    if !text.contains(['.', 'e', 'E']) && text != "-0" {
        return match (text.parse(), text.parse()) {
            (Ok(number), _) => Ok(Number::Unsigned(number)),
            (_, Ok(number)) => Ok(Number::Signed(number)),
            _ => lost("64 bits"),
        };
    }
    let float: f64 = text.parse().map_err(|_| format!("{} is not a JSON number", shortened(text)))?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_matches('0');
    let vanished = float == 0.0 && !digits.is_empty();
    if digits.len() > MOST_DIGITS || !float.is_finite() || vanished {
        return lost("64 bits");
    }
    Ok(Number::Float(float))
}

/// A message needn't hold a million digits.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Writes the value in the text.
pub(crate) fn write<S: Serializer>(text: &str, to: S) -> Result<S::Ok, S::Error> {
    let reader = Reader { text, at: Cell::new(0) };
    let written = Next(&reader).serialize(to)?;
    match reader.peek() {
        None => Ok(written),
        Some(_) => Err(reader.fault()),
    }
}

/// How far the text was read.
struct Reader<'t> {
    text: &'t str,
    at: Cell<usize>,
}

impl<'t> Reader<'t> {
    /// What comes after the white space, if anything.
    fn peek(&self) -> Option<u8> {
        let rest = self.rest();
        let spaces = rest.bytes().take_while(|b| matches!(b, b' ' | b'\n' | b'\r' | b'\t')).count();
        self.at.set(self.at.get() + spaces);
        rest.as_bytes().get(spaces).copied()
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at.get()..]
    }

    fn take(&self, length: usize) -> &'t str {
        let taken = &self.rest()[..length];
        self.at.set(self.at.get() + length);
        taken
    }

    fn expect<E: ser::Error>(&self, sign: u8) -> Result<(), E> {
        if self.peek() != Some(sign) {
            return Err(self.fault());
        }
        self.take(1);
        Ok(())
    }

    /// Whether another item comes; otherwise the list or object is closed.
    fn goes_on<E: ser::Error>(&self, is_first: bool, close: u8) -> Result<bool, E> {
        if self.peek() == Some(close) {
            self.take(1);
            return Ok(false);
        }
        if !is_first {
            self.expect(b',')?;
        }
        Ok(true)
    }

    fn string<E: ser::Error>(&self) -> Result<String, E> {
        if self.peek() != Some(b'"') {
            return Err(self.fault());
        }
        let mut is_escaped = true;
        let length = self.rest().bytes().position(|b| {
            let ends = b == b'"' && !is_escaped;
            is_escaped = b == b'\\' && !is_escaped;
            ends
        });
        let quoted = self.take(length.ok_or_else(|| self.fault())? + 1);
        serde_json::from_str(quoted).map_err(E::custom)
    }

    /// A number, `true`, `false` or `null`.
    fn word(&self) -> &'t str {
        let belongs = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        let length = self.rest().as_bytes().iter().take_while(|b| belongs(b)).count();
        self.take(length)
    }

    fn fault<E: ser::Error>(&self) -> E {
        E::custom(format_args!("JSON that was made elsewhere is malformed at byte {}", self.at.get()))
    }
}

/// The next value. A serializer asks for it once.
struct Next<'r, 't>(&'r Reader<'t>);

impl Serialize for Next<'_, '_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(reader) = self;
        match reader.peek() {
            Some(b'{') => {
                reader.take(1);
                let mut object = to.serialize_map(None)?;
                let mut is_first = true;
                while reader.goes_on(std::mem::take(&mut is_first), b'}')? {
                    object.serialize_key(&reader.string::<S::Error>()?)?;
                    reader.expect(b':')?;
                    object.serialize_value(self)?;
                }
                object.end()
            }
            Some(b'[') => {
                reader.take(1);
                let mut list = to.serialize_seq(None)?;
                let mut is_first = true;
                while reader.goes_on(std::mem::take(&mut is_first), b']')? {
                    list.serialize_element(self)?;
                }
                list.end()
            }
            Some(b'"') => to.serialize_str(&reader.string::<S::Error>()?),
            Some(_) => match reader.word() {
                "true" => to.serialize_bool(true),
                "false" => to.serialize_bool(false),
                "null" => to.serialize_unit(),
                "" => Err(reader.fault()),
                number => write_number(number, to),
            },
            None => Err(reader.fault()),
        }
    }
}
