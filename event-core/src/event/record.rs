//! A tracked event as plain data, for whatever keeps events or sends them on.

use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::actor::Actor;
use crate::event::context::Context;
use crate::event::durability::Durability;
use crate::event::json::{self, Properties, PropertiesError, depth};
use crate::event::name_pattern::is_name;
use crate::event::rfc3339::has_rfc3339_year;
use crate::event::tracked::AnyTracked;

/// A tracked event that owns everything: it crosses threads and, through serde, processes.
///
/// It can stand wherever a [`&Tracked`](crate::Tracked) is wanted. Its JSON has the keys `id`, `name`, `version`,
/// `created` (RFC 3339, UTC), `actor` (an object or null), `context` (an object, where there is one) and `properties`, in this order.
///
/// ```
/// use event_core::{Record, Tracked};
///
/// let line = r#"{"id":"019aab2c-5a00-7000-8000-000000000001","name":"ban-user","version":1,
///     "created":"2026-11-22T11:57:54.619377Z","actor":{"id":"root"},"properties":{"user":"mallory"}}"#;
/// let record: Record = serde_json::from_str(line)?;
/// let event: &Tracked = &record;
/// assert_eq!(event.name(), "ban-user");
/// assert_eq!(event.properties()?["user"], "mallory");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
#[non_exhaustive]
pub struct Record {
    /// The event's id.
    pub id: Uuid,
    /// The event's stable name.
    pub name: String,
    /// The version of the event's fields; 1 where none was written.
    pub version: u32,
    /// When it happened.
    pub created: DateTime<Utc>,
    /// Who caused it; `None` without an actor.
    pub actor: Option<Actor>,
    /// What surrounded it, if anything; absent in the JSON of an event without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// The event's fields.
    pub properties: Properties,
    /// The properties as text, once it was asked for.
    #[serde(skip)]
    pub(crate) text: Text,
}

/// What a record is made of, as it comes from elsewhere.
#[derive(Deserialize)]
struct Unchecked {
    id: Uuid,
    name: String,
    #[serde(default = "first_version")]
    version: u32,
    created: DateTime<Utc>,
    #[serde(default)]
    actor: Option<Actor>,
    #[serde(default)]
    context: Option<Context>,
    #[serde(deserialize_with = "depth::read_object")]
    properties: Properties,
}

fn first_version() -> u32 {
    1
}

impl TryFrom<Unchecked> for Record {
    type Error = String;

    fn try_from(unchecked: Unchecked) -> Result<Self, String> {
        let refused = |why: String| format!("a record of event {:?} is refused: {why}", unchecked.name);
        if !is_name(&unchecked.name) {
            return Err(refused("no event can be called so".to_owned()));
        }
        if !has_rfc3339_year(unchecked.created) {
            return Err(refused(format!(
                "its time {:?} is outside of the years 0 to 9999",
                unchecked.created
            )));
        }
        let Unchecked { id, name, version, created, actor, context, properties } = unchecked;
        Ok(Self { id, name, version, created, actor, context, properties, text: Text::default() })
    }
}

/// The parts of a record as texts, as a table has them.
///
/// ```
/// use event_core::plugin::RecordTexts;
///
/// let texts = RecordTexts {
///     id: "019aab2c-5a00-7000-8000-000000000001",
///     name: "ban-user",
///     version: 1,
///     created: "2026-11-22T11:57:54.619377Z",
///     actor: Some(r#"{"id":"root"}"#),
///     context: None,
///     properties: r#"{"user":"mallory"}"#,
/// };
/// assert_eq!(texts.read()?.properties["user"], "mallory");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RecordTexts<'a> {
    /// The event's id.
    pub id: &'a str,
    /// The event's stable name.
    pub name: &'a str,
    /// The version of the event's fields.
    pub version: u32,
    /// When it happened, as RFC 3339.
    pub created: &'a str,
    /// Who caused it: a JSON object.
    pub actor: Option<&'a str>,
    /// What surrounded it: a JSON object.
    pub context: Option<&'a str>,
    /// The event's fields: a JSON object.
    pub properties: &'a str,
}

impl RecordTexts<'_> {
    /// The record.
    ///
    /// # Errors
    /// When a part isn't what it should be; as [`Record`]'s `Deserialize`.
    pub fn read(self) -> serde_json::Result<Record> {
        let mut properties = serde_json::Deserializer::from_str(self.properties);
        let unchecked = Unchecked {
            id: text(self.id)?,
            name: self.name.to_owned(),
            version: self.version,
            created: text(self.created)?,
            actor: self.actor.map(serde_json::from_str).transpose()?.flatten(),
            context: self.context.map(serde_json::from_str).transpose()?.flatten(),
            properties: depth::read_object(&mut properties)?,
        };
        properties.end()?;
        Record::try_from(unchecked).map_err(serde_json::Error::custom)
    }
}

fn text<'de, T: Deserialize<'de>>(text: &'de str) -> serde_json::Result<T> {
    T::deserialize(StrDeserializer::new(text))
}

/// A text that is made once and is no part of the record's value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text(OnceLock<String>);

impl PartialEq for Text {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Shows no properties, which can be large or secret; as JSON, a record has all of it.
impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("id", &self.id)
            .field("created", &self.created)
            .field("actor", &self.actor)
            .finish_non_exhaustive()
    }
}

impl AnyTracked for Record {
    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn id(&self) -> Uuid {
        self.id
    }

    fn actor(&self) -> Option<&Actor> {
        self.actor.as_ref()
    }

    fn context(&self) -> Option<&Context> {
        self.context.as_ref().filter(|context| !context.is_empty())
    }

    fn created(&self) -> DateTime<Utc> {
        self.created
    }

    fn properties(&self) -> Result<&Properties, PropertiesError> {
        Ok(&self.properties)
    }

    fn properties_json(&self) -> Result<&str, PropertiesError> {
        if let Some(text) = self.text.0.get() {
            return Ok(text);
        }
        let mut text = Vec::with_capacity(128);
        self.write_properties(&mut text)?;
        Ok(self.text.0.get_or_init(|| String::from_utf8(text).expect("serde_json writes UTF-8")))
    }

    fn write_properties(&self, out: &mut Vec<u8>) -> Result<(), PropertiesError> {
        json::of_record(&self.name, &self.properties, out)
    }

    /// A record is a copy; no receipt shows what is promised about it.
    fn promise(&self, _: Durability) {}

    fn durability(&self) -> Durability {
        Durability::Nothing
    }

    fn to_record(&self) -> Result<Record, PropertiesError> {
        Ok(self.clone())
    }
}
