//! Refuses values that JSON can't represent, at any depth and in both forms alike.
//!
//! `serde_json` by itself writes `null` for NaN, keeps the last of two equal keys in a map and both in text,
//! and has 128-bit integers in text only. It believes the number of elements that a `Serialize` gives beforehand,
//! and panics where a `Display` fails. It writes values of any depth, which its readers don't take, and JSON that was
//! made elsewhere as it is. [`Checked`] stands between a value and a serializer and wraps every nested value in turn.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt::{self, Display};

use serde::ser::{self, Error as _, Serialize, Serializer};

use crate::event::json::depth::Depth;
use crate::event::json::map_key::KeyText;
use crate::event::json::premade;

/// Which form is being written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Map,
    Text,
}

pub(crate) struct Checked<S> {
    inner: S,
    way: Way,
}

/// What a nested value must know about the values around it.
#[derive(Clone, Copy)]
struct Way {
    form: Form,
    depth: Depth,
}

impl<S: Serializer> Checked<S> {
    /// For a value that is written by itself.
    pub(crate) fn whole(inner: S, form: Form) -> Self {
        Self { inner, way: Way { form, depth: Depth::WHOLE } }
    }

    /// For the value of a field, in an object that is begun already.
    #[inline]
    pub(crate) fn field(inner: S, form: Form) -> Self {
        Self { inner, way: Way { form, depth: Depth::FIELD } }
    }

    /// The serializer, and the way within a list or an object.
    #[inline]
    fn deeper(self) -> Result<(S, Way), S::Error> {
        let Self { inner, way } = self;
        Ok((inner, Way { depth: way.depth.deeper()?, ..way }))
    }

    /// The same within a variant with content of its own, which is an object with a list or an object in it.
    fn deeper_by_two(self) -> Result<(S, Way), S::Error> {
        let Self { inner, way } = self;
        Ok((inner, Way { depth: way.depth.deeper()?.deeper()?, ..way }))
    }

    /// The same within a `Some` or a newtype.
    #[inline]
    fn wrapped(self) -> Result<(S, Way), S::Error> {
        let Self { inner, way } = self;
        Ok((inner, Way { depth: way.depth.wrapped()?, ..way }))
    }
}

/// A value that is serialized through [`Checked`].
struct Nested<'a, T: ?Sized> {
    value: &'a T,
    way: Way,
}

impl<T: Serialize + ?Sized> Serialize for Nested<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Checked { inner: serializer, way: self.way })
    }
}

#[cold]
pub(crate) fn not_finite<E: ser::Error>(number: f64) -> E {
    E::custom(format_args!("{number} is not a JSON number"))
}

#[cold]
fn too_wide<E: ser::Error>(number: impl Display) -> E {
    E::custom(format_args!("{number} needs more than 64 bits, which JSON readers don't keep"))
}

#[cold]
pub(crate) fn display_failed<E: ser::Error>() -> E {
    E::custom("its `Display` fails")
}

impl Way {
    /// The number of elements that the value announces, which may be wrong. For 0, text would close the brackets at once; a
    /// map allocates as many as announced.
    fn expected(self, len: usize) -> usize {
        match self.form {
            Form::Map => len.min(1024),
            Form::Text => 1,
        }
    }
}

/// Remembers a failure of a `Display`, from which `serde_json` would panic.
struct Caught<'a, T: ?Sized> {
    value: &'a T,
    failed: Cell<bool>,
}

impl<T: Display + ?Sized> Display for Caught<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failed.set(write!(f, "{}", self.value).is_err());
        Ok(())
    }
}

macro_rules! forward {
    ($($method:ident($type:ty))*) => {$(
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.inner.$method(value)
        }
    )*};
}

impl<S: Serializer> Serializer for Checked<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = CheckedList<S::SerializeSeq>;
    type SerializeTuple = CheckedList<S::SerializeTuple>;
    type SerializeTupleStruct = CheckedList<S::SerializeTupleStruct>;
    type SerializeTupleVariant = CheckedList<S::SerializeTupleVariant>;
    type SerializeMap = CheckedMap<S::SerializeMap>;
    type SerializeStruct = CheckedStruct<S>;
    type SerializeStructVariant = CheckedFields<S::SerializeStructVariant>;

    forward! {
        serialize_bool(bool) serialize_char(char) serialize_str(&str) serialize_bytes(&[u8])
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
        serialize_unit_struct(&'static str)
    }

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        if !value.is_finite() {
            return Err(not_finite(f64::from(value)));
        }
        // `f64::from(0.1f32)` is 0.10000000149011612, and a map holds numbers as `f64`. Text isn't left to
        // `serialize_f32` either: that writes 1e15, where the map's number is written as 1000000000000000.0.
        match value.to_string().parse() {
            Ok(shortest) => self.inner.serialize_f64(shortest),
            Err(_) => unreachable!("a finite f32 prints as a number"),
        }
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        if value.is_finite() { self.inner.serialize_f64(value) } else { Err(not_finite(value)) }
    }

    fn serialize_i128(self, value: i128) -> Result<S::Ok, S::Error> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(narrow), _) => self.inner.serialize_i64(narrow),
            (_, Ok(narrow)) => self.inner.serialize_u64(narrow),
            _ => Err(too_wide(value)),
        }
    }

    fn serialize_u128(self, value: u128) -> Result<S::Ok, S::Error> {
        match u64::try_from(value) {
            Ok(narrow) => self.inner.serialize_u64(narrow),
            Err(_) => Err(too_wide(value)),
        }
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let (inner, way) = self.wrapped()?;
        inner.serialize_some(&Nested { value, way })
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let (inner, way) = self.wrapped()?;
        inner.serialize_newtype_struct(name, &Nested { value, way })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let (inner, way) = self.deeper()?;
        inner.serialize_newtype_variant(name, index, variant, &Nested { value, way })
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        let (inner, way) = self.deeper()?;
        Ok(CheckedList { inner: inner.serialize_seq(len.map(|len| way.expected(len)))?, way })
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        let (inner, way) = self.deeper()?;
        Ok(CheckedList { inner: inner.serialize_tuple(way.expected(len))?, way })
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        let (inner, way) = self.deeper()?;
        Ok(CheckedList { inner: inner.serialize_tuple_struct(name, way.expected(len))?, way })
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let (inner, way) = self.deeper_by_two()?;
        let inner = inner.serialize_tuple_variant(name, index, variant, way.expected(len))?;
        Ok(CheckedList { inner, way })
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        let (inner, way) = self.deeper()?;
        Ok(CheckedMap::new(inner.serialize_map(len.map(|len| way.expected(len)))?, way))
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        if matches!(name, premade::NUMBER | premade::RAW_VALUE) {
            return Ok(CheckedStruct::Premade { name, to: Some(self), written: None });
        }
        let (inner, way) = self.deeper()?;
        let inner = inner.serialize_struct(name, way.expected(len))?;
        Ok(CheckedStruct::Fields(CheckedFields::new(inner, way)))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let (inner, way) = self.deeper_by_two()?;
        let inner = inner.serialize_struct_variant(name, index, variant, way.expected(len))?;
        Ok(CheckedFields::new(inner, way))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let caught = Caught { value, failed: Cell::new(false) };
        let written = self.inner.collect_str(&caught);
        if caught.failed.get() { Err(display_failed()) } else { written }
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

pub(crate) struct CheckedList<C> {
    inner: C,
    way: Way,
}

macro_rules! checked_list {
    ($($trait:ident::$method:ident)*) => {$(
        impl<C: ser::$trait> ser::$trait for CheckedList<C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                self.inner.$method(&Nested { value, way: self.way })
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

checked_list! {
    SerializeSeq::serialize_element SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field SerializeTupleVariant::serialize_field
}

#[cold]
pub(crate) fn at_key<E: ser::Error>(key: &str, cause: &E) -> E {
    E::custom(format_args!("`{key}`: {cause}"))
}

#[cold]
fn twice<E: ser::Error>(key: &str) -> E {
    E::custom(format_args!("the key `{key}` comes twice"))
}

#[cold]
fn not_a_pair<E: ser::Error>() -> E {
    E::custom("keys and values of a map don't alternate")
}

pub(crate) struct CheckedFields<C> {
    inner: C,
    way: Way,
    fields: Fields,
}

impl<C> CheckedFields<C> {
    fn new(inner: C, way: Way) -> Self {
        Self { inner, way, fields: Fields::default() }
    }

    /// The value, once its key is known to be new.
    fn nested<'v, T: ?Sized, E: ser::Error>(
        &mut self,
        key: &'static str,
        value: &'v T,
    ) -> Result<Nested<'v, T>, E> {
        if self.fields.insert(key) { Ok(Nested { value, way: self.way }) } else { Err(twice(key)) }
    }
}

impl<C: ser::SerializeStructVariant> ser::SerializeStructVariant for CheckedFields<C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), C::Error> {
        let value = self.nested(key, value)?;
        self.inner.serialize_field(key, &value).map_err(|cause| at_key(key, &cause))
    }

    fn skip_field(&mut self, key: &'static str) -> Result<(), C::Error> {
        self.inner.skip_field(key)
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

pub(crate) enum CheckedStruct<S: Serializer> {
    Fields(CheckedFields<S::SerializeStruct>),
    /// JSON that was made elsewhere, in the one field there is.
    Premade {
        name: &'static str,
        to: Option<Checked<S>>,
        written: Option<S::Ok>,
    },
}

impl<S: Serializer> ser::SerializeStruct for CheckedStruct<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), S::Error> {
        match self {
            Self::Fields(fields) => {
                let value = fields.nested(key, value)?;
                fields.inner.serialize_field(key, &value).map_err(|cause| at_key(key, &cause))
            }
            Self::Premade { name, to, written } => {
                let Some(to) = to.take() else { return Err(twice(key)) };
                let text = value.serialize(KeyText(to.way.depth)).map_err(S::Error::custom)?;
                *written = Some(match *name {
                    premade::NUMBER => premade::write_number(&text, to)?,
                    _ => premade::write(&text, to)?,
                });
                Ok(())
            }
        }
    }

    fn skip_field(&mut self, key: &'static str) -> Result<(), S::Error> {
        match self {
            Self::Fields(fields) => fields.inner.skip_field(key),
            Self::Premade { .. } => Ok(()),
        }
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fields(fields) => fields.inner.end(),
            Self::Premade { name, written, .. } => {
                written.ok_or_else(|| S::Error::custom(format_args!("a `{name}` has no field")))
            }
        }
    }
}

pub(crate) struct CheckedMap<C> {
    inner: C,
    way: Way,
    keys: HashSet<String>,
    /// The last key, for the error of its value.
    key: String,
    /// Whether that key has no value yet.
    waiting: bool,
}

impl<C> CheckedMap<C> {
    fn new(inner: C, way: Way) -> Self {
        Self { inner, way, keys: HashSet::new(), key: String::new(), waiting: false }
    }
}

impl<C: ser::SerializeMap> ser::SerializeMap for CheckedMap<C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        if std::mem::replace(&mut self.waiting, true) {
            return Err(not_a_pair());
        }
        self.key = key.serialize(KeyText(self.way.depth)).map_err(C::Error::custom)?;
        if let Some(fault) = premade::fault_of_key(&self.key) {
            return Err(C::Error::custom(fault));
        }
        if !self.keys.insert(self.key.clone()) {
            return Err(twice(&self.key));
        }
        self.inner.serialize_key(&self.key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        if !std::mem::replace(&mut self.waiting, false) {
            return Err(not_a_pair());
        }
        let value = Nested { value, way: self.way };
        self.inner.serialize_value(&value).map_err(|cause| at_key(&self.key, &cause))
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        if self.waiting { Err(not_a_pair()) } else { self.inner.end() }
    }
}

/// The field names of one struct. Few structs have more than eight.
#[derive(Default)]
struct Fields {
    first: [&'static str; 8],
    len: usize,
    more: Vec<&'static str>,
}

impl Fields {
    /// Whether the name is new.
    fn insert(&mut self, name: &'static str) -> bool {
        if self.first[..self.len].contains(&name) || self.more.contains(&name) {
            return false;
        }
        match self.first.get_mut(self.len) {
            Some(free) => {
                *free = name;
                self.len += 1;
            }
            None => self.more.push(name),
        }
        true
    }
}
