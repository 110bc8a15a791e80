//! What serde can make: a value for each method of a `Serializer`, and what is to become of it.
//!
//! The fuzz target `properties` has this file too.

use std::collections::HashSet;
use std::fmt;

use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde::{Serialize, Serializer};

#[cfg_attr(fuzzing, derive(arbitrary::Arbitrary))]
#[derive(Clone, Debug)]
pub enum Shape {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    I128(i128),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    U128(u128),
    F32(f32),
    F64(f64),
    Char(char),
    Str(String),
    Bytes(Vec<u8>),
    Displayed(Displayed),
    Refuses,
    None,
    Some(Box<Shape>),
    Unit,
    UnitStruct,
    UnitVariant(Name),
    NewtypeStruct(Box<Shape>),
    NewtypeVariant(Name, Box<Shape>),
    Seq(Length, Vec<Shape>),
    Tuple(Length, Vec<Shape>),
    TupleStruct(Length, Vec<Shape>),
    TupleVariant(Name, Length, Vec<Shape>),
    Map(Length, Vec<Entry>),
    Struct(Length, Vec<Field>),
    StructVariant(Name, Length, Vec<Field>),
}

/// A key and a value; where one is missing, the map's serializer isn't told of it.
pub type Entry = (Option<Shape>, Option<Shape>);

/// A field that has no value is skipped.
pub type Field = (Name, Option<Shape>);

/// What is written with `collect_str`.
#[cfg_attr(fuzzing, derive(arbitrary::Arbitrary))]
#[derive(Clone, Debug)]
pub struct Displayed {
    pub text: String,
    pub fails: bool,
}

impl fmt::Display for Displayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if self.fails { Err(fmt::Error) } else { Ok(()) }
    }
}

/// The name of a field or a variant. There are few, so that equal ones occur.
#[cfg_attr(fuzzing, derive(arbitrary::Arbitrary))]
#[derive(Clone, Copy, Debug)]
pub struct Name(pub u8);

impl Name {
    fn text(self) -> &'static str {
        const NAMES: [&str; 12] = ["a", "b", "1", "true", "it", "", "\"", "\n", "ä", "é🦀", "c", "d"];
        NAMES[usize::from(self.0) % NAMES.len()]
    }
}

/// The number of elements that a serializer is given, which isn't checked.
#[cfg_attr(fuzzing, derive(arbitrary::Arbitrary))]
#[derive(Clone, Copy, Debug)]
pub enum Length {
    Exact,
    Unknown,
    Zero,
    Huge,
}

impl Length {
    fn hint(self, len: usize) -> Option<usize> {
        match self {
            Self::Unknown => None,
            _ => Some(self.told(len)),
        }
    }

    fn told(self, len: usize) -> usize {
        match self {
            Self::Exact | Self::Unknown => len,
            Self::Zero => 0,
            Self::Huge => usize::MAX,
        }
    }
}

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        macro_rules! elements {
            ($list:expr, $method:ident, $elements:expr) => {{
                let mut list = $list;
                for element in $elements {
                    list.$method(element)?;
                }
                list.end()
            }};
        }
        macro_rules! fields {
            ($object:expr, $fields:expr) => {{
                let mut object = $object;
                for (name, value) in $fields {
                    match value {
                        Some(value) => object.serialize_field(name.text(), value)?,
                        None => object.skip_field(name.text())?,
                    }
                }
                object.end()
            }};
        }
        match self {
            Self::Bool(it) => to.serialize_bool(*it),
            Self::I8(it) => to.serialize_i8(*it),
            Self::I16(it) => to.serialize_i16(*it),
            Self::I32(it) => to.serialize_i32(*it),
            Self::I64(it) => to.serialize_i64(*it),
            Self::I128(it) => to.serialize_i128(*it),
            Self::U8(it) => to.serialize_u8(*it),
            Self::U16(it) => to.serialize_u16(*it),
            Self::U32(it) => to.serialize_u32(*it),
            Self::U64(it) => to.serialize_u64(*it),
            Self::U128(it) => to.serialize_u128(*it),
            Self::F32(it) => to.serialize_f32(*it),
            Self::F64(it) => to.serialize_f64(*it),
            Self::Char(it) => to.serialize_char(*it),
            Self::Str(it) => to.serialize_str(it),
            Self::Bytes(it) => to.serialize_bytes(it),
            Self::Displayed(it) => to.collect_str(it),
            Self::Refuses => Err(S::Error::custom("it can't")),
            Self::None => to.serialize_none(),
            Self::Some(it) => to.serialize_some(it),
            Self::Unit => to.serialize_unit(),
            Self::UnitStruct => to.serialize_unit_struct("S"),
            Self::UnitVariant(name) => to.serialize_unit_variant("E", 0, name.text()),
            Self::NewtypeStruct(it) => to.serialize_newtype_struct("S", it),
            Self::NewtypeVariant(name, it) => to.serialize_newtype_variant("E", 0, name.text(), it),
            Self::Seq(len, list) => {
                elements!(to.serialize_seq(len.hint(list.len()))?, serialize_element, list)
            }
            Self::Tuple(len, list) => {
                elements!(to.serialize_tuple(len.told(list.len()))?, serialize_element, list)
            }
            Self::TupleStruct(len, list) => {
                elements!(to.serialize_tuple_struct("S", len.told(list.len()))?, serialize_field, list)
            }
            Self::TupleVariant(name, len, list) => {
                let len = len.told(list.len());
                elements!(to.serialize_tuple_variant("E", 0, name.text(), len)?, serialize_field, list)
            }
            Self::Map(len, entries) => {
                let mut map = to.serialize_map(len.hint(entries.len()))?;
                for (key, value) in entries {
                    key.iter().try_for_each(|key| map.serialize_key(key))?;
                    value.iter().try_for_each(|value| map.serialize_value(value))?;
                }
                map.end()
            }
            Self::Struct(len, fields) => fields!(to.serialize_struct("S", len.told(fields.len()))?, fields),
            Self::StructVariant(name, len, fields) => {
                fields!(to.serialize_struct_variant("E", 0, name.text(), len.told(fields.len()))?, fields)
            }
        }
    }
}

impl Shape {
    /// Whether both forms must refuse it.
    pub fn is_no_json(&self) -> bool {
        match self {
            Self::F32(it) => !it.is_finite(),
            Self::F64(it) => !it.is_finite(),
            Self::I128(it) => i64::try_from(*it).is_err() && u64::try_from(*it).is_err(),
            Self::U128(it) => u64::try_from(*it).is_err(),
            Self::Displayed(it) => it.fails,
            Self::Refuses => true,
            Self::Some(it) | Self::NewtypeStruct(it) | Self::NewtypeVariant(_, it) => it.is_no_json(),
            Self::Seq(_, list)
            | Self::Tuple(_, list)
            | Self::TupleStruct(_, list)
            | Self::TupleVariant(_, _, list) => list.iter().any(Self::is_no_json),
            Self::Map(_, entries) => {
                let mut seen = HashSet::new();
                !alternate(entries)
                    || entries
                        .iter()
                        .filter_map(|(key, _)| key.as_ref())
                        .any(|key| key.as_key().is_none_or(|key| !seen.insert(key)))
                    || entries.iter().filter_map(|(_, value)| value.as_ref()).any(Self::is_no_json)
            }
            Self::Struct(_, fields) | Self::StructVariant(_, _, fields) => {
                let mut seen = HashSet::new();
                let mut written =
                    fields.iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value)));
                written.any(|(name, value)| !seen.insert(name.text()) || value.is_no_json())
            }
            _ => false,
        }
    }

    /// Whether there are more lists and objects in each other than so many, or more `Some`s and newtypes.
    pub fn is_deeper_than(&self, levels: usize, wrappers: usize) -> bool {
        let (levels_here, wrappers_here, inner): (_, _, Vec<&Self>) = match self {
            Self::Some(it) | Self::NewtypeStruct(it) => (0, 1, vec![it]),
            Self::NewtypeVariant(_, it) => (1, 0, vec![it]),
            Self::Seq(_, list) | Self::Tuple(_, list) | Self::TupleStruct(_, list) => {
                (1, 0, list.iter().collect())
            }
            Self::TupleVariant(_, _, list) => (2, 0, list.iter().collect()),
            Self::Map(_, entries) => {
                (1, 0, entries.iter().flat_map(|(key, value)| key.iter().chain(value)).collect())
            }
            Self::Struct(_, fields) => {
                (1, 0, fields.iter().filter_map(|(_, value)| value.as_ref()).collect())
            }
            Self::StructVariant(_, _, fields) => {
                (2, 0, fields.iter().filter_map(|(_, value)| value.as_ref()).collect())
            }
            _ => return false,
        };
        match (levels.checked_sub(levels_here), wrappers.checked_sub(wrappers_here)) {
            (Some(levels), Some(wrappers)) => inner.iter().any(|it| it.is_deeper_than(levels, wrappers)),
            _ => true,
        }
    }

    /// Its text as a key, if `serde_json` accepts it as one.
    fn as_key(&self) -> Option<String> {
        match self {
            // Where one fails, `serde_json` panics.
            Self::Displayed(it) => (!it.fails).then(|| it.text.clone()),
            Self::Some(it) | Self::NewtypeStruct(it) => it.as_key(),
            _ => {
                let entry = (Some(self.clone()), Some(Self::Unit));
                let text = serde_json::to_string(&Self::Map(Length::Exact, vec![entry])).ok()?;
                let map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
                map.into_iter().next().map(|(key, _)| key)
            }
        }
    }

    /// Whether it is an object at the top.
    pub fn is_object(&self) -> bool {
        match self {
            Self::Some(it) | Self::NewtypeStruct(it) => it.is_object(),
            Self::NewtypeVariant(..)
            | Self::TupleVariant(..)
            | Self::StructVariant(..)
            | Self::Map(..)
            | Self::Struct(..) => true,
            _ => false,
        }
    }

    /// The text that `serde_json` writes for it, with two differences: each length is right, and an `f32` is
    /// the `f64` of its shortest decimal.
    pub fn as_serde_json_writes_it(&self) -> String {
        serde_json::to_string(&self.tidied()).expect("what isn't JSON was refused")
    }

    /// The same with each length right. A panic of serde or `serde_json` is an error here.
    pub fn tidied(&self) -> Self {
        let one = |it: &Self| Box::new(it.tidied());
        let all = |list: &[Self]| list.iter().map(Self::tidied).collect();
        let each = |fields: &[Field]| {
            let written = fields.iter().filter(|(_, value)| value.is_some());
            written.map(|(name, value)| (*name, value.as_ref().map(Self::tidied))).collect()
        };
        let exact = Length::Exact;
        match self {
            Self::F32(it) => Self::F64(it.to_string().parse().expect("a number")),
            Self::Some(it) => Self::Some(one(it)),
            Self::NewtypeStruct(it) => Self::NewtypeStruct(one(it)),
            Self::NewtypeVariant(name, it) => Self::NewtypeVariant(*name, one(it)),
            Self::Seq(_, list) => Self::Seq(exact, all(list)),
            Self::Tuple(_, list) => Self::Tuple(exact, all(list)),
            Self::TupleStruct(_, list) => Self::TupleStruct(exact, all(list)),
            Self::TupleVariant(name, _, list) => Self::TupleVariant(*name, exact, all(list)),
            Self::Displayed(it) if it.fails => Self::Refuses,
            Self::Map(_, entries) if !alternate(entries) => Self::Refuses,
            Self::Map(_, entries) => {
                let told = entries.iter().filter(|(key, value)| key.is_some() || value.is_some());
                let entries = told.map(|(key, value)| {
                    (key.as_ref().map(Self::tidied_key), value.as_ref().map(Self::tidied))
                });
                Self::Map(exact, entries.collect())
            }
            Self::Struct(_, fields) => Self::Struct(exact, each(fields)),
            Self::StructVariant(name, _, fields) => Self::StructVariant(*name, exact, each(fields)),
            other => other.clone(),
        }
    }

    /// An `f32` stays one: `serde_json` writes it as a key by itself.
    fn tidied_key(&self) -> Self {
        match self {
            Self::F32(_) => self.clone(),
            Self::Some(it) => Self::Some(Box::new(it.tidied_key())),
            Self::NewtypeStruct(it) => Self::NewtypeStruct(Box::new(it.tidied_key())),
            other => other.tidied(),
        }
    }
}

/// Whether a map is told of a key, a value, a key, a value and so on.
fn alternate(entries: &[Entry]) -> bool {
    let told = entries.iter().flat_map(|(key, value)| {
        [key.as_ref().map(|_| true), value.as_ref().map(|_| false)].into_iter().flatten()
    });
    let told: Vec<bool> = told.collect();
    told.len().is_multiple_of(2) && told.chunks(2).all(|pair| pair == [true, false])
}
