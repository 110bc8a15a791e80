//! How a map's key becomes text.

use std::fmt::{Display, Write as _};

use serde::ser::{self, Error as _, Serialize, Serializer};

use crate::event::json::depth::Depth;
use crate::event::json::strict::{display_failed, not_finite};

/// A map's key as text, by the rules of `serde_json`: strings, and whatever has one plain text form.
pub(crate) struct KeyText(pub(crate) Depth);

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
        value.serialize(Self(self.0.wrapped()?))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<String, serde_json::Error> {
        value.serialize(Self(self.0.wrapped()?))
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
