//! An event as a line of JSON.

use std::borrow::Cow;

use event_core::error::PropertiesError;
use event_core::plugin::{escape_controls, write_rfc3339};
use event_core::{Actor, Properties, Tracked};

/// Appends the event as JSON, with the line break. JSON itself escapes only the controls below U+0020; here, all control
/// characters are escaped.
///
/// `properties` replaces the event's own, which are written as text directly.
///
/// # Errors
/// When the properties can't be written as JSON. The buffer then has half a line.
pub(crate) fn write(
    event: &Tracked,
    properties: Option<&Properties>,
    line: &mut Vec<u8>,
) -> Result<(), PropertiesError> {
    let from = line.len();
    // An id and a time need no escaping: they are hexadecimal and RFC 3339.
    let mut start = *br#"{"id":"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx","name":""#;
    event.id().hyphenated().encode_lower(&mut start[r#"{"id":""#.len()..]);
    line.extend_from_slice(&start);
    name(event.name(), line);
    line.extend_from_slice(br#"","created":""#);
    write_rfc3339(event.created(), line);
    match event.actor().map(Actor::as_map) {
        Some(actor) => {
            line.extend_from_slice(br#"","actor":"#);
            object(actor, line);
        }
        None => line.extend_from_slice(br#"","actor":null"#),
    }
    if let Some(context) = event.context() {
        line.extend_from_slice(br#","context":"#);
        serde_json::to_writer(&mut *line, context).expect("texts can be written to memory");
    }
    line.extend_from_slice(br#","properties":"#);
    match properties {
        Some(properties) => object(properties, line),
        None => event.write_properties(line)?,
    }
    escape(line, from);
    line.extend_from_slice(b"}\n");
    Ok(())
}

/// An event's own needs no escaping. A record's may have been changed by its owner.
fn name(name: &str, line: &mut Vec<u8>) {
    if name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')) {
        line.extend_from_slice(name.as_bytes());
    } else {
        let quoted = serde_json::to_string(name).expect("a text can be written to memory");
        line.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
    }
}

/// Escapes the rest of the buffer. It is mostly printable ASCII, without anything to escape.
fn escape(line: &mut Vec<u8>, from: usize) {
    if line[from..].iter().all(|b| *b < 0x7f) {
        return;
    }
    let Ok(Cow::Owned(escaped)) = std::str::from_utf8(&line[from..]).map(escape_controls) else { return };
    line.truncate(from);
    line.extend_from_slice(escaped.as_bytes());
}

fn object(object: &Properties, line: &mut Vec<u8>) {
    serde_json::to_writer(line, object).expect("a JSON object can be written to memory");
}

#[cfg(test)]
mod tests {
    use super::*;
    use event_core::Record;

    fn line(record: &str) -> String {
        let record: Record = serde_json::from_str(record).expect("a record in the test is JSON");
        let mut line = Vec::new();
        write(&record, None, &mut line).expect("a record has properties");
        String::from_utf8(line).expect("JSON is UTF-8")
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
    fn a_context_stands_before_the_properties() {
        let written = line(
            r#"{"id":"019aab2c-5a00-7000-8000-000000000001","name":"tick","created":"2026-11-22T11:57:54Z",
                "context":{"shop":{"cart":"17"},"request_id":"5f2c","tenant":"acme\u202e"},"properties":{}}"#,
        );
        let end = concat!(
            r#""actor":null,"context":{"request_id":"5f2c","tenant":"acme\u202e","shop":{"cart":"17"}},"#,
            r#""properties":{}}"#,
            "\n"
        );
        assert!(written.ends_with(end), "{written}");
    }

    #[test]
    fn nothing_in_a_line_is_obeyed_by_a_terminal_and_it_is_still_one_line_of_json() {
        let bad = "\u{1b}[31m\r\n\u{9b}2J\u{7f}\u{85}\u{2028}\u{202e}\"x";
        let mut record: Record = serde_json::from_str(
            r#"{"id":"019aab2c-5a00-7000-8000-000000000001","name":"tick","created":"2026-11-22T11:57:54Z",
                "properties":{}}"#,
        )
        .expect("a record in the test is JSON");
        bad.clone_into(&mut record.name);
        record.actor = Some(Actor::new(bad).with(bad, bad));
        record.properties.insert(bad.to_owned(), bad.into());
        let mut line = b"before\n".to_vec();
        write(&record, None, &mut line).expect("a record has properties");
        let written = String::from_utf8(line).expect("JSON is UTF-8");
        let json = written.strip_prefix("before\n").and_then(|it| it.strip_suffix('\n')).expect("one line");
        assert!(!json.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{202e}')), "{json:?}");
        let read: serde_json::Value = serde_json::from_str(json).expect("it is JSON");
        assert_eq!(
            (&read["name"], &read["properties"][bad], &read["actor"]["id"]),
            (&bad.into(), &bad.into(), &bad.into())
        );
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
