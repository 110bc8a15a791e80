//! Which events are read.

use chrono::{DateTime, Utc};
use event_core::Record;
use event_core::plugin::NamePattern;
use serde_json::Value;

/// Which events are read. Each part narrows it down; write the others as `..Filter::all()`, since there may be more one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Events whose names match one of these; `None` for every name.
    pub names: Option<Vec<NamePattern>>,
    /// Events whose actor has this id: a text, or a number as text.
    pub actor: Option<String>,
    /// Events that happened then or later.
    pub since: Option<DateTime<Utc>>,
    /// Events that happened before.
    pub until: Option<DateTime<Utc>>,
    /// Events whose seq is larger.
    pub after: Option<u64>,
    /// Events whose seq is smaller.
    pub before: Option<u64>,
}

impl Filter {
    /// Every event.
    pub fn all() -> Self {
        Self::default()
    }

    /// The events of these names. What no event can be called lets nothing through.
    pub fn of_names(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut names: Vec<String> = names.into_iter().map(Into::into).collect();
        names.sort();
        names.dedup();
        let names = names.into_iter().filter_map(|name| NamePattern::try_from(name).ok());
        Self { names: Some(names.collect()), ..Self::default() }
    }

    /// Whether an event at this seq is let through: for journals that can't ask something faster.
    pub fn lets_through(&self, seq: u64, event: &Record) -> bool {
        let Self { names, actor, since, until, after, before } = self;
        names.as_ref().is_none_or(|names| names.iter().any(|name| name.matches(&event.name)))
            && actor.as_ref().is_none_or(|actor| is_id_of(actor, event))
            && since.is_none_or(|since| event.created >= since)
            && until.is_none_or(|until| event.created < until)
            && after.is_none_or(|after| seq > after)
            && before.is_none_or(|before| seq < before)
    }
}

fn is_id_of(actor: &str, event: &Record) -> bool {
    match event.actor.as_ref().and_then(|it| it.get("id")) {
        Some(Value::String(id)) => id == actor,
        Some(Value::Number(id)) => id.to_string() == actor,
        _ => false,
    }
}
