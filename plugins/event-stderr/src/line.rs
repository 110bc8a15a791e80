//! How an event looks as a line of JSON.

use event_core::{Actor, Properties, PropertiesError, Tracked, write_rfc3339};

/// Appends the event as JSON, with the line break.
///
/// The properties are those that are given; without any, the event's own, written as text directly.
///
/// # Errors
/// When the properties can't be written as JSON. There is then half a line.
pub(crate) fn write(
    event: &Tracked,
    properties: Option<&Properties>,
    line: &mut Vec<u8>,
) -> Result<(), PropertiesError> {
    // An id, a name and a time need no escaping: they are hexadecimal, `[a-z0-9._-]` and RFC 3339.
    let mut start = *br#"{"id":"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx","name":""#;
    event.id().hyphenated().encode_lower(&mut start[r#"{"id":""#.len()..]);
    line.extend_from_slice(&start);
    line.extend_from_slice(event.name().as_bytes());
    line.extend_from_slice(br#"","created":""#);
    write_rfc3339(event.created(), line);
    match event.actor().map(Actor::as_map) {
        Some(actor) => {
            line.extend_from_slice(br#"","actor":"#);
            object(actor, line);
            line.extend_from_slice(br#","properties":"#);
        }
        None => line.extend_from_slice(br#"","actor":null,"properties":"#),
    }
    match properties {
        Some(properties) => object(properties, line),
        None => event.write_properties(line)?,
    }
    line.extend_from_slice(b"}\n");
    Ok(())
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
    fn an_event_without_actor_and_fields_has_null_and_an_empty_object() {
        let written = line(
            r#"{"id":"019aab2c-5a00-7000-8000-000000000001","name":"tick","created":"2026-11-22T11:57:54Z",
                "properties":{}}"#,
        );
        let end = "\"created\":\"2026-11-22T11:57:54.000000Z\",\"actor\":null,\"properties\":{}}\n";
        assert!(written.ends_with(end), "{written}");
    }
}
