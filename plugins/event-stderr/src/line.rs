//! How an event looks as a line of JSON.

use chrono::SecondsFormat;
use event_core::{Properties, PropertiesError, Tracked};

/// The event as JSON, with the line break.
///
/// The properties are those that are given; without any, the event's own, written as text directly.
///
/// # Errors
/// When the properties can't be written as JSON.
pub(crate) fn of(event: &Tracked, properties: Option<&Properties>) -> Result<Vec<u8>, PropertiesError> {
    let mut line = Vec::with_capacity(256);
    // An id, a name and a time need no escaping: they are hexadecimal, `[a-z0-9._-]` and RFC 3339.
    let created = event.created().to_rfc3339_opts(SecondsFormat::Micros, true);
    let (id, name) = (event.id(), event.name());
    line.extend_from_slice(
        format!(r#"{{"id":"{id}","name":"{name}","created":"{created}","actor":"#).as_bytes(),
    );
    match event.actor() {
        Some(actor) => line.extend_from_slice(actor.to_string().as_bytes()),
        None => line.extend_from_slice(b"null"),
    }
    line.extend_from_slice(br#","properties":"#);
    match properties {
        Some(properties) => {
            let written = serde_json::to_writer(&mut line, properties);
            written.expect("a JSON object can be written to memory");
        }
        None => event.write_properties(&mut line)?,
    }
    line.extend_from_slice(b"}\n");
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use event_core::Record;

    fn line(record: &str) -> String {
        let record: Record = serde_json::from_str(record).expect("a record in the test is JSON");
        String::from_utf8(of(&record, None).expect("a record has properties")).expect("JSON is UTF-8")
    }

    #[test]
    fn a_line_has_these_five_keys_in_this_order_and_one_line_break_at_its_end() {
        let written = line(
            r#"{"id":"019aab2c-5a00-7000-8000-000000000001","name":"ban-user","version":2,
                "created":"2026-11-22T11:57:54.619377Z","actor":{"id":"root","token":"dstok"},
                "properties":{"user":"mallory","reason":"wrote\nin two lines"}}"#,
        );
        let expected = concat!(
            r#"{"id":"019aab2c-5a00-7000-8000-000000000001","name":"ban-user","#,
            r#""created":"2026-11-22T11:57:54.619377Z","actor":{"id":"root","token":"dstok"},"#,
            r#""properties":{"user":"mallory","reason":"wrote\nin two lines"}}"#,
            "\n"
        );
        assert_eq!(written, expected);
    }

    #[test]
    fn an_event_without_actor_and_fields_has_null_and_an_empty_object() {
        let written = line(
            r#"{"id":"019aab2c-5a00-7000-8000-000000000001","name":"tick","created":"2026-11-22T11:57:54Z",
                "properties":{}}"#,
        );
        let end = "\"created\":\"2026-11-22T11:57:54.000000Z\",\"actor\":null,\"properties\":{}}\n";
        assert!(written.ends_with(end), "{written}");
    }
}
