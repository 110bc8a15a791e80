//! What JSON can't hold is refused, at any depth and in both forms alike.
//!
//! `serde_json` by itself writes `null` for NaN, keeps the last of two equal keys in a map and both in text,
//! and has 128-bit integers in text only. It believes the number of elements that a `Serialize` gives beforehand,
//! and panics where a `Display` fails. [`Checked`] stands between a value and a serializer and wraps every nested
//! value in turn.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt::{self, Display, Write as _};

use serde::ser::{self, Error as _, Serialize, Serializer};

/// Which form is being written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Map,
    Text,
}

pub(crate) struct Checked<S> {
    inner: S,
    form: Form,
}

impl<S> Checked<S> {
    pub(crate) fn new(inner: S, form: Form) -> Self {
        Self { inner, form }
    }
}

/// A value that is serialized through [`Checked`].
struct Nested<'a, T: ?Sized> {
    value: &'a T,
    form: Form,
}

impl<T: Serialize + ?Sized> Serialize for Nested<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Checked::new(serializer, self.form))
    }
}

#[cold]
fn not_finite<E: ser::Error>(number: f64) -> E {
    E::custom(format_args!("{number} is not a JSON number"))
}

#[cold]
fn too_wide<E: ser::Error>(number: impl Display) -> E {
    E::custom(format_args!("{number} needs more than 64 bits, which JSON readers don't keep"))
}

#[cold]
fn display_failed<E: ser::Error>() -> E {
    E::custom("its `Display` fails")
}

impl Form {
    /// What a serializer is told of the number of elements, which may be wrong. Text that was told of none closes
    /// the brackets at once, whatever comes; a map allocates as many as it was told.
    fn expected(self, len: usize) -> usize {
        match self {
            Self::Map => len.min(1024),
            Self::Text => 1,
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
    type SerializeMap = CheckedObject<S::SerializeMap>;
    type SerializeStruct = CheckedObject<S::SerializeStruct>;
    type SerializeStructVariant = CheckedObject<S::SerializeStructVariant>;

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
        self.inner.serialize_some(&Nested { value, form: self.form })
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
        self.inner.serialize_newtype_struct(name, &Nested { value, form: self.form })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_newtype_variant(name, index, variant, &Nested { value, form: self.form })
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        Ok(CheckedList {
            inner: self.inner.serialize_seq(len.map(|len| self.form.expected(len)))?,
            form: self.form,
        })
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        Ok(CheckedList { inner: self.inner.serialize_tuple(self.form.expected(len))?, form: self.form })
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        Ok(CheckedList {
            inner: self.inner.serialize_tuple_struct(name, self.form.expected(len))?,
            form: self.form,
        })
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let inner = self.inner.serialize_tuple_variant(name, index, variant, self.form.expected(len))?;
        Ok(CheckedList { inner, form: self.form })
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        let len = len.map(|len| self.form.expected(len));
        Ok(CheckedObject::new(self.inner.serialize_map(len)?, self.form))
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        let inner = self.inner.serialize_struct(name, self.form.expected(len))?;
        Ok(CheckedObject::new(inner, self.form))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let inner = self.inner.serialize_struct_variant(name, index, variant, self.form.expected(len))?;
        Ok(CheckedObject::new(inner, self.form))
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
    form: Form,
}

macro_rules! checked_list {
    ($($trait:ident::$method:ident)*) => {$(
        impl<C: ser::$trait> ser::$trait for CheckedList<C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                self.inner.$method(&Nested { value, form: self.form })
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

pub(crate) struct CheckedObject<C> {
    inner: C,
    form: Form,
    fields: Fields,
    /// The keys of a map; a struct's are in `fields`, which costs no allocation.
    keys: HashSet<String>,
    /// The last key of a map, for the error of its value.
    key: String,
    /// Whether that key has no value yet.
    waiting: bool,
}

impl<C> CheckedObject<C> {
    fn new(inner: C, form: Form) -> Self {
        Self {
            inner,
            form,
            fields: Fields::default(),
            keys: HashSet::new(),
            key: String::new(),
            waiting: false,
        }
    }
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

macro_rules! checked_struct {
    ($($trait:ident)*) => {$(
        impl<C: ser::$trait> ser::$trait for CheckedObject<C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), C::Error> {
                if !self.fields.insert(key) {
                    return Err(twice(key));
                }
                let value = Nested { value, form: self.form };
                self.inner.serialize_field(key, &value).map_err(|cause| at_key(key, &cause))
            }

            fn skip_field(&mut self, key: &'static str) -> Result<(), C::Error> {
                self.inner.skip_field(key)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

checked_struct! { SerializeStruct SerializeStructVariant }

impl<C: ser::SerializeMap> ser::SerializeMap for CheckedObject<C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        if std::mem::replace(&mut self.waiting, true) {
            return Err(not_a_pair());
        }
        self.key = key.serialize(KeyText).map_err(C::Error::custom)?;
        if !self.keys.insert(self.key.clone()) {
            return Err(twice(&self.key));
        }
        self.inner.serialize_key(&self.key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        if !std::mem::replace(&mut self.waiting, false) {
            return Err(not_a_pair());
        }
        let value = Nested { value, form: self.form };
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

/// A map's key as text, by the rules of `serde_json`: strings, and whatever has one plain text form.
struct KeyText;

fn no_text() -> serde_json::Error {
    serde_json::Error::custom("a key must be a string")
}

type NoKey = ser::Impossible<String, serde_json::Error>;

macro_rules! key_is_its_display {
    ($($method:ident($type:ty))*) => {$(
        fn $method(self, value: $type) -> Result<String, serde_json::Error> {
            Ok(value.to_string())
        }
    )*};
}

macro_rules! no_key {
    ($($method:ident($($type:ty),*) -> $result:ty;)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<$result, serde_json::Error> {
            Err(no_text())
        }
    )*};
}

impl Serializer for KeyText {
    type Ok = String;
    type Error = serde_json::Error;
    type SerializeSeq = NoKey;
    type SerializeTuple = NoKey;
    type SerializeTupleStruct = NoKey;
    type SerializeTupleVariant = NoKey;
    type SerializeMap = NoKey;
    type SerializeStruct = NoKey;
    type SerializeStructVariant = NoKey;

    key_is_its_display! {
        serialize_bool(bool) serialize_char(char) serialize_str(&str)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
    }

    no_key! {
        serialize_bytes(&[u8]) -> String;
        serialize_none() -> String;
        serialize_unit() -> String;
        serialize_unit_struct(&'static str) -> String;
        serialize_seq(Option<usize>) -> NoKey;
        serialize_tuple(usize) -> NoKey;
        serialize_tuple_struct(&'static str, usize) -> NoKey;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> NoKey;
        serialize_map(Option<usize>) -> NoKey;
        serialize_struct(&'static str, usize) -> NoKey;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> NoKey;
    }

    fn serialize_f32(self, value: f32) -> Result<String, serde_json::Error> {
        if value.is_finite() { serde_json::to_string(&value) } else { Err(not_finite(f64::from(value))) }
    }

    fn serialize_f64(self, value: f64) -> Result<String, serde_json::Error> {
        if value.is_finite() { serde_json::to_string(&value) } else { Err(not_finite(value)) }
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<String, serde_json::Error> {
        Ok(variant.to_owned())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, serde_json::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<String, serde_json::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, serde_json::Error> {
        Err(no_text())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<String, serde_json::Error> {
        let mut text = String::new();
        if write!(text, "{value}").is_err() { Err(display_failed()) } else { Ok(text) }
    }
}
