//! How a section becomes a typed value, with every key that nobody reads.
//!
//! A deserializer of our own, because only it knows the path of a mistake, the fields that a struct has, and that a
//! text from the environment may hold a number.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use super::load::{join, same_key};
use crate::config::suggest::nearest;

/// A mistake in a configuration, and where it is.
#[derive(Debug)]
pub(super) struct Wrong {
    /// Empty until somebody who knows it fills it in.
    pub(super) path: String,
    message: String,
}

impl Wrong {
    fn at(mut self, path: &str) -> Self {
        if self.path.is_empty() {
            path.clone_into(&mut self.path);
        }
        self
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.message)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: Display>(message: T) -> Self {
        Self { path: String::new(), message: message.to_string() }
    }
}

/// Reads a section; on an error, all that is wrong with it.
pub(super) fn section<T: DeserializeOwned>(
    value: &Value,
    path: &str,
    texts: &HashSet<String>,
) -> Result<T, Vec<Wrong>> {
    let unread = RefCell::new(Vec::new());
    let node = Node { value, path: path.to_owned(), siblings: &[], texts, unread: &unread };
    let read = T::deserialize(node).map_err(|wrong| wrong.at(path));
    let mut wrong = unread.into_inner();
    match read {
        Ok(value) if wrong.is_empty() => Ok(value),
        Ok(_) => Err(wrong),
        Err(error) => {
            wrong.push(error);
            Err(wrong)
        }
    }
}

/// A value in the tree, on its way into a type.
#[derive(Clone)]
struct Node<'v> {
    value: &'v Value,
    path: String,
    /// The fields of the struct that this is in.
    siblings: &'static [&'static str],
    texts: &'v HashSet<String>,
    unread: &'v RefCell<Vec<Wrong>>,
}

impl<'v> Node<'v> {
    fn child(&self, value: &'v Value, path: String, siblings: &'static [&'static str]) -> Self {
        Self { value, path, siblings, texts: self.texts, unread: self.unread }
    }

    fn visit_map<'de, V: Visitor<'de>>(
        &self,
        keys: &'v Map<String, Value>,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_map(Keys { node: self.clone(), entries: keys.iter(), fields, next: None })
    }

    /// The text, if this came as one from the environment or a file.
    fn outside_text(&self) -> Option<&'v str> {
        self.value.as_str().filter(|_| self.texts.contains(&self.path))
    }
}

/// The list that a text holds, as TOML writes it.
pub(super) fn list(text: &str) -> Option<Value> {
    let table: Map<String, Value> = toml::from_str(&format!("list = {text}")).ok()?;
    table.into_iter().map(|(_, value)| value).next().filter(Value::is_array)
}

macro_rules! written_as_text {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            match self.outside_text().map(|text| text.trim().parse::<$type>()) {
                Some(Ok(value)) => visitor.$visit(value),
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let path = self.path.clone();
        let visited = match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(truth) => visitor.visit_bool(*truth),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (_, _, number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_str(text),
            Value::Array(items) => {
                visitor.visit_seq(Items { node: self.clone(), items: items.iter().enumerate() })
            }
            Value::Object(keys) => self.visit_map(keys, &[], visitor),
        };
        visited.map_err(|wrong| wrong.at(&path))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.value {
            Value::Object(keys) => {
                self.visit_map(keys, fields, visitor).map_err(|wrong| wrong.at(&self.path))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let read = match self.value {
            Value::String(text) => {
                let text: StrDeserializer<'_, Wrong> = text.as_str().into_deserializer();
                visitor.visit_enum(text)
            }
            value => value.clone().deserialize_enum(name, variants, visitor).map_err(de::Error::custom),
        };
        read.map_err(|wrong: Wrong| wrong.at(&self.path))
    }

    /// Called for the keys of a struct that aren't its fields.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let key = self.path.rsplit('.').next().unwrap_or_default();
        let meant = match nearest(key, self.siblings) {
            Some(meant) => format!("; did you mean `{meant}`?"),
            None if self.siblings.is_empty() => String::new(),
            None => format!("; the keys are `{}`", self.siblings.join("`, `")),
        };
        self.unread
            .borrow_mut()
            .push(Wrong { path: self.path, message: format!("nobody reads this key{meant}") });
        visitor.visit_unit()
    }

    /// A variable holds a list as TOML writes it: `["user-*", "login"]`.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.outside_text().map(list) {
            Some(Some(items)) => {
                items.deserialize_seq(visitor).map_err(|error| Wrong::custom(error).at(&self.path))
            }
            Some(None) => Err(Wrong::custom("write a list as in TOML: [\"one\", \"two\"]").at(&self.path)),
            None => self.deserialize_any(visitor),
        }
    }

    written_as_text! {
        deserialize_bool visit_bool bool;
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_i128 visit_i128 i128;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_u128 visit_u128 u128;
        deserialize_f32 visit_f32 f32;
        deserialize_f64 visit_f64 f64;
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct tuple tuple_struct map identifier
    }
}

struct Keys<'v> {
    node: Node<'v>,
    entries: serde_json::map::Iter<'v>,
    fields: &'static [&'static str],
    next: Option<Node<'v>>,
}

impl<'de> de::MapAccess<'de> for Keys<'_> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        let mut path = self.node.path.clone();
        join(&mut path, key);
        let mut name = key.as_str();
        if self.node.texts.contains(&path) {
            // A variable can't say whether the field is `busy_timeout` or `busy-timeout`.
            name = self.fields.iter().find(|field| same_key(field, key)).copied().unwrap_or(name);
        }
        self.next = Some(self.node.child(value, path, self.fields));
        seed.deserialize(StrDeserializer::<Wrong>::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let node = self.next.take().expect("serde asks for a value after its key");
        let path = node.path.clone();
        seed.deserialize(node).map_err(|wrong| wrong.at(&path))
    }
}

struct Items<'v> {
    node: Node<'v>,
    items: std::iter::Enumerate<std::slice::Iter<'v, Value>>,
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        let Some((index, value)) = self.items.next() else { return Ok(None) };
        let path = format!("{}[{index}]", self.node.path);
        let node = self.node.child(value, path.clone(), &[]);
        seed.deserialize(node).map(Some).map_err(|wrong| wrong.at(&path))
    }
}
