//! How a value in the tree becomes a typed one, with every unknown key.
//!
//! A deserializer of our own, because only it knows the path of a mistake, the fields that a struct has, and that a
//! text from the environment may hold a number. What it can't see is in [`aside`](super::aside).

use std::cell::{Cell, RefCell};

use serde::de::value::{MapDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};
use serde_json::{Map, Value};

use super::aside::{Aside, Choice, Poison};
use super::key::Key;
use super::load::{Written, join};
use super::variables::same_key;
use super::variant::Variant;
use super::wrong::Wrong;
use crate::config::suggest::nearest;

/// One way through a section, from the first value to the last.
pub(super) struct Reading<'v> {
    pub(super) written: &'v Written,
    pub(super) choice: &'v Choice,
    /// The keys that no type asked for.
    pub(super) unread: RefCell<Vec<Wrong>>,
    /// The values that serde took without a word on their type.
    pub(super) aside: RefCell<Vec<Aside>>,
    /// The path of the section.
    pub(super) section: &'v str,
    /// Whether there was a key of a variable whose `_` may stand for `-`, and no list of fields to see it from.
    pub(super) spelling_in_doubt: Cell<bool>,
}

/// `enabled`, if a key at the top of a section is meant to be that. It is the app's, so no type has it.
pub(super) fn enabled_in(section: &str, path: &str, key: &str) -> Option<&'static str> {
    let is_at_the_top = path.strip_prefix(section)?.strip_prefix('.')? == key;
    means_enabled(key).filter(|_| is_at_the_top)
}

/// `enabled`, for a key that is meant to be it.
pub(super) fn means_enabled(key: &str) -> Option<&'static str> {
    let opposites = ["disable", "disabled", "active"];
    let key = key.to_lowercase();
    let is_meant = nearest(&key, &["enabled"]).is_some() || opposites.contains(&key.as_str());
    is_meant.then_some("enabled")
}

/// A value in the tree, on its way into a type.
#[derive(Clone)]
pub(super) struct Node<'v> {
    value: &'v Value,
    path: String,
    /// The key in the table that this is in; an item of a list has none.
    key: Option<&'v str>,
    /// The fields of the struct that this is in.
    siblings: &'static [&'static str],
    reading: &'v Reading<'v>,
}

impl<'v> Node<'v> {
    pub(super) fn root(value: &'v Value, path: &str, reading: &'v Reading<'v>) -> Self {
        Self { value, path: path.to_owned(), key: None, siblings: &[], reading }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The value at a key of this one, and the key as the type spells it.
    pub(super) fn entry(
        &self,
        key: &'v str,
        value: &'v Value,
        fields: &'static [&'static str],
    ) -> (String, Self) {
        let mut path = self.path.clone();
        join(&mut path, key);
        let mut name = key.to_owned();
        if self.reading.written.by_variable.contains(&path) {
            // A variable can't say whether the field is `busy_timeout` or `busy-timeout`.
            if let Some(field) = fields.iter().find(|field| same_key(field, key)) {
                (*field).clone_into(&mut name);
            } else if fields.is_empty() && key.contains('_') {
                self.reading.spelling_in_doubt.set(true);
                if self.reading.choice.dashes {
                    name = key.replace('_', "-");
                }
            }
        }
        (name, Self { value, path, key: Some(key), siblings: fields, reading: self.reading })
    }

    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
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
            Value::Object(keys) => self.visit_keys(keys, &[], visitor),
        };
        visited.map_err(|wrong| wrong.at(&self.path))
    }

    fn visit_keys<'de, V: Visitor<'de>>(
        &self,
        keys: &'v Map<String, Value>,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let mut entries: Vec<_> = keys.iter().collect();
        // In the order of the fields: serde reads the content of an adjacently tagged enum by its type only if the tag
        // comes first.
        entries
            .sort_by_key(|(key, _)| fields.iter().position(|it| same_key(it, key)).unwrap_or(fields.len()));
        visitor.visit_map(Keys { node: self.clone(), entries: entries.into_iter(), fields, next: None })
    }

    /// The text, if this came as one from the environment or a file.
    fn outside_text(&self) -> Option<&'v str> {
        self.value.as_str().filter(|_| self.reading.written.texts.contains(&self.path))
    }

    /// Reads an outside text as a list, and anything else as it is.
    fn visit_list<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.outside_text().map(list) {
            Some(Some(items)) => Node { value: &items, ..self }.visit(visitor),
            Some(None) => {
                let wrong: Wrong = de::Error::custom("write a list as in TOML: [\"one\", \"two\"]");
                Err(wrong.at(&self.path))
            }
            None => self.visit(visitor),
        }
    }
}

/// The list that a text holds, as TOML writes it.
pub(super) fn list(text: &str) -> Option<Value> {
    let table: Map<String, Value> = toml::from_str(&format!("list = {text}")).ok()?;
    table.into_iter().map(|(_, value)| value).next().filter(Value::is_array)
}

/// What a text is beside a text: a truth value, a number, a list.
pub(super) fn meaning(text: &str) -> Option<Value> {
    let written = text.trim();
    if let Ok(truth) = written.parse::<bool>() {
        return Some(truth.into());
    }
    if let Ok(number) = written.parse::<u64>() {
        return Some(number.into());
    }
    if let Ok(number) = written.parse::<i64>() {
        return Some(number.into());
    }
    match written.parse::<f64>() {
        Ok(number) if number.is_finite() => Some(number.into()),
        _ => list(text),
    }
}

macro_rules! written_as_text {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            match self.outside_text().map(|text| text.trim().parse::<$type>()) {
                Some(Ok(value)) => visitor.$visit(value).map_err(|wrong: Wrong| wrong.at(&self.path)),
                _ => self.visit(visitor),
            }
        }
    )*};
}

macro_rules! visited_as_it_is {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            self.visit(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Wrong;

    /// Called where the type takes anything, and where serde puts a value aside before it knows the type.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let meaning = self.outside_text().and_then(meaning);
        self.reading.aside.borrow_mut().push(Aside {
            path: self.path.clone(),
            key: self.key.map(str::to_owned),
            has_meaning: meaning.is_some(),
        });
        match self.reading.choice.poison_at(&self.path) {
            Some(Poison::Bytes) => return visitor.visit_bytes(&[0xff]),
            Some(Poison::Keys) => return visitor.visit_map(MapDeserializer::new([((), ())].into_iter())),
            None => {}
        }
        match meaning.filter(|_| self.reading.choice.by_meaning.contains(&self.path)) {
            Some(meaning) => Node { value: &meaning, ..self }.visit(visitor),
            None => self.visit(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.value {
            Value::Object(keys) => {
                self.visit_keys(keys, fields, visitor).map_err(|wrong| wrong.at(&self.path))
            }
            _ => self.visit(visitor),
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
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let path = self.path.clone();
        let read = match self.value {
            Value::String(text) => {
                // A file mostly ends with a line break.
                let name = self.outside_text().map(str::trim).filter(|name| variants.contains(name));
                let name: StrDeserializer<'_, Wrong> = name.unwrap_or(text).into_deserializer();
                visitor.visit_enum(name)
            }
            Value::Object(keys) => match keys.iter().next() {
                Some((key, value)) if keys.len() == 1 => {
                    let (name, content) = self.entry(key, value, variants);
                    visitor.visit_enum(Variant { name, content })
                }
                _ => Err(de::Error::custom(format_args!(
                    "has {} keys; write one of `{}`",
                    keys.len(),
                    variants.join("`, `")
                ))),
            },
            _ => self.visit(visitor),
        };
        read.map_err(|wrong: Wrong| wrong.at(&path))
    }

    /// Called for the keys of a struct that aren't its fields.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let key = self.key.unwrap_or_default();
        let meant =
            match nearest(key, self.siblings).or_else(|| enabled_in(self.reading.section, &self.path, key)) {
                Some(meant) => format!("; did you mean `{meant}`?"),
                None if self.siblings.is_empty() => String::new(),
                None => format!("; the keys are `{}`", self.siblings.join("`, `")),
            };
        self.reading.unread.borrow_mut().push(Wrong::unread(self.path, &meant));
        visitor.visit_unit()
    }

    /// A variable holds a list as TOML writes it: `["user-*", "login"]`.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.visit_list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Wrong> {
        self.visit_list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.visit_list(visitor)
    }

    /// TOML has no null: an empty table stands for nothing.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.value {
            Value::Object(keys) if keys.is_empty() => visitor.visit_unit(),
            _ => self.visit(visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.outside_text().map(|text| (text.chars().count(), text.trim().parse::<char>())) {
            // A file mostly ends with a line break.
            Some((2.., Ok(character))) => visitor.visit_char(character),
            _ => self.visit(visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        // Not by parsing an `f64`: that takes `nan` and `inf`, which no setting means.
        match self.outside_text().and_then(meaning).filter(Value::is_number) {
            Some(number) => Node { value: &number, ..self }.visit(visitor),
            None => self.visit(visitor),
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
    }

    visited_as_it_is! {
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_map
        deserialize_identifier
    }
}

struct Keys<'v> {
    node: Node<'v>,
    entries: std::vec::IntoIter<(&'v String, &'v Value)>,
    fields: &'static [&'static str],
    next: Option<Node<'v>>,
}

impl<'de> de::MapAccess<'de> for Keys<'_> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        let (name, node) = self.node.entry(key, value, self.fields);
        let read = seed.deserialize(Key(&name)).map_err(|wrong| wrong.at(&node.path));
        self.next = Some(node);
        read.map(Some)
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
        let node = Node { value, path: path.clone(), key: None, siblings: &[], reading: self.node.reading };
        seed.deserialize(node).map(Some).map_err(|wrong| wrong.at(&path))
    }
}
