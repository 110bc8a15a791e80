//! How a consumer is doing.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::delivery::value::Value;

/// How a consumer is doing. `Display` is one line of text; through serde it is JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConsumerStatus {
    /// The consumer, such as `shop::tell_billing`.
    pub name: String,
    /// Whether the program that was asked has this durable implementation. Of another one's, the journal knows only a part.
    pub is_known: bool,
    /// Which process delivers to it.
    pub deliverer: Deliverer,
    /// Every event up to this seq is delivered, dead or not meant for it.
    pub position: u64,
    /// How many events wait, up to 100,000; `None` while the journal can't be read.
    pub backlog: Option<u64>,
    /// When the oldest of them happened.
    pub oldest: Option<DateTime<Utc>>,
    /// The seq of the event that is called now.
    pub calling: Option<u64>,
    /// When that call began.
    pub calling_since: Option<DateTime<Utc>>,
    /// How often the event has failed that holds the others up.
    pub attempts: u32,
    /// What its last attempt said.
    pub last_error: Option<String>,
    /// When it is tried next.
    pub next_attempt: Option<DateTime<Utc>>,
    /// Why nothing is delivered until a person acts.
    pub paused: Option<String>,
    /// How many events were delivered, since the consumer is known.
    pub delivered: u64,
    /// How many became dead letters.
    pub dead: u64,
    /// Of a consumer with a `key`: how many events had none since the start. They are one lane.
    pub without_key: u64,
}

/// Which process delivers to a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Deliverer {
    /// The one that was asked.
    ThisProcess,
    /// Another one, or one that has died less than a lease ago.
    AnotherProcess,
    /// None, because there is nothing to do.
    None,
}

impl ConsumerStatus {
    /// Of a consumer that this program doesn't have: which events it hears isn't known.
    pub(crate) fn of_unknown(name: String, value: &Value) -> Self {
        let failed = value.open.values().find(|open| open.attempts > 0);
        Self {
            name,
            is_known: false,
            deliverer: if value.released { Deliverer::None } else { Deliverer::AnotherProcess },
            position: value.position,
            backlog: None,
            oldest: None,
            calling: None,
            calling_since: None,
            attempts: failed.map_or(0, |open| open.attempts),
            last_error: failed.map(|open| open.error.clone()),
            next_attempt: None,
            paused: value.paused.clone(),
            delivered: value.delivered,
            dead: value.dead,
            without_key: 0,
        }
    }
}

impl fmt::Display for ConsumerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, position, backlog, delivered, dead, .. } = self;
        let backlog = backlog.map_or("?".to_owned(), |backlog| backlog.to_string());
        write!(f, "{name}: position {position}, {backlog} waiting, {delivered} delivered, {dead} dead")?;
        if let Some(reason) = &self.paused {
            write!(f, "; paused: {reason}")?;
        } else if let Some(error) = &self.last_error {
            let s = if self.attempts == 1 { "" } else { "s" };
            write!(f, "; {} attempt{s}: {error}", self.attempts)?;
        }
        if !self.is_known {
            write!(f, "; this program has no such implementation")?;
        }
        if self.deliverer == Deliverer::AnotherProcess {
            write!(f, "; another process delivers to it")?;
        }
        if self.without_key > 0 {
            write!(f, "; {} events without a key", self.without_key)?;
        }
        Ok(())
    }
}
