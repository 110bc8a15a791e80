//! A tracked event as plain data, for whatever keeps events or sends them on.

use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::actor::Actor;
use crate::event::durability::Promise;
use crate::event::json::{Properties, PropertiesError};
use crate::event::tracked::AnyTracked;

/// A tracked event that owns everything: it crosses threads and, through serde, processes.
///
/// It can stand wherever a [`&Tracked`](crate::Tracked) is wanted. Its JSON has the keys `id`, `name`, `version`,
/// `created` (RFC 3339, UTC), `actor` (an object or null) and `properties`, in this order.
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// The event's id.
    pub id: Uuid,
    /// The event's stable name.
    pub name: String,
    /// The version of the event's fields; 1 where none was written.
    #[serde(default = "first_version")]
    pub version: u32,
    /// When it happened.
    pub created: DateTime<Utc>,
    /// Who caused it, if anybody.
    #[serde(default)]
    pub actor: Option<Actor>,
    /// The event's fields.
    pub properties: Properties,
    /// The properties as text, for whoever asked.
    #[serde(skip)]
    pub(crate) text: Text,
}

fn first_version() -> u32 {
    1
}

/// A text that is made once and is no part of the record's value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text(OnceLock<String>);

impl PartialEq for Text {
    fn eq(&self, _: &Self) -> bool {
        true
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

    fn created(&self) -> DateTime<Utc> {
        self.created
    }

    fn properties(&self) -> Result<&Properties, PropertiesError> {
        Ok(&self.properties)
    }

    fn properties_json(&self) -> Result<&str, PropertiesError> {
        Ok(self.text.0.get_or_init(|| {
            serde_json::to_string(&self.properties).expect("a JSON object can be written as JSON")
        }))
    }

    fn write_properties(&self, out: &mut Vec<u8>) -> Result<(), PropertiesError> {
        serde_json::to_writer(out, &self.properties).expect("a JSON object can be written to memory");
        Ok(())
    }

    /// A record is a copy; nobody waits for what is promised about it.
    fn promise(&self, _: Promise) {}

    fn promised(&self) -> Promise {
        Promise::Nothing
    }

    fn to_record(&self) -> Result<Record, PropertiesError> {
        Ok(self.clone())
    }
}
