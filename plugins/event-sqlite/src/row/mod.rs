//! A tracked event on its way from its caller to the table: a row in bytes.
//!
//! Events travel to the writer in one buffer, one after the other. A row is made by the thread that tracks, so that the
//! writer, the bottleneck, only has to bind texts.

mod insert;
mod table_state;

use std::ops::RangeInclusive;

use chrono::Datelike;
use event_core::Tracked;
use event_core::plugin::write_rfc3339;
use serde_json::Value;

pub(crate) use self::insert::Inserter;
pub(crate) use self::table_state::{TableState, written_ahead};
use crate::error::{Error, Result};

/// The columns of an event, as they are in its row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row<'a> {
    /// A UUID as text of 36 characters.
    pub(crate) id: &'a [u8],
    /// RFC 3339, UTC, microseconds.
    pub(crate) created: &'a [u8],
    pub(crate) version: u32,
    pub(crate) name: &'a [u8],
    pub(crate) actor_id: Option<&'a [u8]>,
    pub(crate) actor: Option<&'a [u8]>,
    pub(crate) context: Option<&'a [u8]>,
    pub(crate) properties: &'a [u8],
}

/// Only there, texts sort as the times do.
pub(crate) const YEARS: RangeInclusive<i32> = 0..=9999;

/// SQLite's limit for a row is 1,000,000,000 bytes.
const LARGEST: usize = 900_000_000;
const ID_LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;

/// Appends the event. On an error, `out` may hold a part of it.
///
/// Layout: id, version, then context, created, name, actor id, actor with their lengths; the properties are what is left.
pub(crate) fn encode(event: &Tracked, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    let mut id = [0; ID_LENGTH];
    out.extend_from_slice(event.id().hyphenated().encode_lower(&mut id).as_bytes());
    out.extend_from_slice(&event.version().to_le_bytes());
    match event.context() {
        None => out.extend_from_slice(&NOTHING.to_le_bytes()),
        Some(context) => with_length(out, |out| {
            serde_json::to_writer(out, context).expect("texts can be written to memory");
        }),
    }
    let created = event.created();
    // A record that was changed by hand. `track` refuses such a time.
    if !YEARS.contains(&created.year()) {
        let name = event.name();
        return Err(Error::own(format!(
            "failed to keep event `{name}`: its time {created:?} is outside of the years 0 to 9999"
        )));
    }
    with_length(out, |out| write_rfc3339(created, out));
    text(out, event.name());
    match event.actor() {
        None => {
            out.extend_from_slice(&NOTHING.to_le_bytes());
            out.extend_from_slice(&NOTHING.to_le_bytes());
        }
        Some(actor) => {
            match actor.get("id") {
                Some(Value::String(id)) => text(out, id),
                Some(Value::Number(id)) => text(out, &id.to_string()),
                _ => out.extend_from_slice(&NOTHING.to_le_bytes()),
            }
            with_length(out, |out| {
                serde_json::to_writer(out, actor).expect("a JSON object can be written to memory");
            });
        }
    }
    event.write_properties(out)?;
    match out.len() - start {
        bytes if bytes > LARGEST => Err(Error::TooLarge { event: event.name().to_owned(), bytes }),
        _ => Ok(()),
    }
}

/// In place of a length: there is no such value, which isn't the same as an empty one.
const NOTHING: u32 = u32::MAX;

fn text(out: &mut Vec<u8>, text: &str) {
    with_length(out, |out| out.extend_from_slice(text.as_bytes()));
}

fn with_length(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let place = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    // A longer one is refused when the row is complete.
    let length = u32::try_from(out.len() - place - 4).unwrap_or(NOTHING - 1);
    out[place..place + 4].copy_from_slice(&length.to_le_bytes());
}

/// Whether the event of this row has a context.
pub(crate) fn has_context(row: &[u8]) -> bool {
    row[ID_LENGTH + 4..][..4] != NOTHING.to_le_bytes()
}

impl<'a> Row<'a> {
    /// Reads what [`encode`] wrote.
    pub(crate) fn decode(bytes: &'a [u8]) -> Self {
        let mut rest = Rest(bytes);
        Self {
            id: rest.take(ID_LENGTH),
            version: rest.number(),
            context: rest.text(),
            created: rest.text().unwrap_or_default(),
            name: rest.text().unwrap_or_default(),
            actor_id: rest.text(),
            actor: rest.text(),
            properties: rest.0,
        }
    }
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn number(&mut self) -> u32 {
        u32::from_le_bytes(self.take(4).try_into().expect("four bytes were taken"))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        match self.number() {
            NOTHING => None,
            length => Some(self.take(length as usize)),
        }
    }
}

#[cfg(test)]
mod tests {
    use event_core::Record;
    use serde_json::json;

    use super::*;

    fn record(actor: &Value) -> Record {
        serde_json::from_value(json!({
            "id": "019aab2c-5a00-7000-8000-000000000001",
            "name": "ban-user",
            "version": 3,
            "created": "2026-11-22T11:57:54.619377Z",
            "actor": actor,
            "context": { "tenant": "acme" },
            "properties": { "user": "mallory" },
        }))
        .expect("a record")
    }

    #[test]
    fn an_event_comes_out_of_the_buffer_as_it_went_in() {
        let mut buffer = Vec::new();
        encode(&record(&json!({ "id": "root", "token": "dstok" })), &mut buffer).expect("it can be written");
        let row = Row::decode(&buffer);
        assert_eq!(row.id, b"019aab2c-5a00-7000-8000-000000000001");
        assert_eq!((row.version, row.name), (3, &b"ban-user"[..]));
        assert_eq!(row.created, b"2026-11-22T11:57:54.619377Z");
        assert_eq!(row.actor_id, Some(&b"root"[..]));
        assert_eq!(row.actor, Some(&br#"{"id":"root","token":"dstok"}"#[..]));
        assert_eq!(row.context, Some(&br#"{"tenant":"acme"}"#[..]));
        assert_eq!(row.properties, br#"{"user":"mallory"}"#);
    }

    #[test]
    fn a_record_that_was_given_a_time_beyond_all_texts_that_sort_makes_no_row() {
        let mut record = record(&json!(null));
        for (time, is_row) in [
            ("-0001-12-31T23:59:59.999999Z", false),
            ("0000-01-01T00:00:00Z", true),
            ("2016-12-31T23:59:60.5Z", true),
            ("9999-12-31T23:59:59.999999Z", true),
            ("+10000-01-01T00:00:00Z", false),
        ] {
            record.created = time.parse().expect("a time");
            assert_eq!(encode(&record, &mut Vec::new()).is_ok(), is_row, "{time}");
        }
    }

    #[test]
    fn an_actor_id_is_a_text_a_number_as_text_or_nothing() {
        for (actor, expected) in [
            (json!({ "id": "" }), Some("")),
            (json!({ "id": 17 }), Some("17")),
            (json!({ "id": null }), None),
            (json!({ "id": ["root"] }), None),
            (json!({}), None),
            (json!(null), None),
        ] {
            let mut buffer = Vec::new();
            encode(&record(&actor), &mut buffer).expect("it can be written");
            let row = Row::decode(&buffer);
            assert_eq!(row.actor_id, expected.map(str::as_bytes), "{actor}");
            assert_eq!(row.actor.is_some(), !actor.is_null(), "{actor}");
        }
    }
}
