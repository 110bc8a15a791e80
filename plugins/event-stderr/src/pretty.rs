//! An event as a line of text for people.

use event_core::plugin::escape_controls;
use event_core::{Actor, Context, Properties, Tracked};
use serde::de::IgnoredAny;
use serde_json::Value;

/// Actors are padded to this width, so that the next column is aligned.
const ACTOR: usize = 8;

const PLAIN: &str = "\x1b[0m";
const DIM: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";
const CYAN: &str = "\x1b[36m";

/// The event as one line, with the line break: when, what (in `width` columns), who, for which request, and the properties.
pub(crate) fn of(event: &Tracked, properties: &Properties, width: usize, coloured: bool) -> String {
    let paint = |text: &str, code: &str| {
        if coloured { format!("{code}{text}{PLAIN}") } else { text.to_owned() }
    };
    let created = event.created().format("%Y-%m-%d %H:%M:%S%.3fZ").to_string();
    let name = format!("{:width$}", escape_controls(event.name()));
    let actor = format!("{:ACTOR$}", event.actor().map_or_else(|| "-".to_owned(), who));
    let property = |(key, value): (&String, &Value)| {
        let value = match value {
            Value::String(value) => text(value),
            other => escape_controls(&other.to_string()).into_owned(),
        };
        paint(&format!("{}=", text(key)), DIM) + &value
    };
    let request = event
        .context()
        .and_then(Context::request_id)
        .map(|id| paint(&format!("request_id={}", text(id)), DIM));
    let properties: Vec<_> = request.into_iter().chain(properties.iter().map(property)).collect();
    let columns = [paint(&created, DIM), paint(&name, BOLD), paint(&actor, CYAN), properties.join(" ")];
    let line = columns.join("  ");
    format!("{}\n", line.trim_end())
}

fn who(actor: &Actor) -> String {
    actor.id().map_or_else(|| actor.to_string(), text)
}

/// A plain word as it is, any other text as JSON: in quotes, and on one line.
fn text(text: &str) -> String {
    let is_plain =
        |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '+' | '*');
    // The text `17` isn't the number 17.
    let is_json = || serde_json::from_str::<IgnoredAny>(text).is_ok();
    if !text.is_empty() && text.chars().all(is_plain) && !is_json() {
        return text.to_owned();
    }
    escape_controls(&Value::from(text).to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use event_core::Record;
    use serde_json::json;

    fn record(actor: &Value, properties: &Value) -> Record {
        let record = json!({
            "id": "019aab2c-5a00-7000-8000-000000000001",
            "name": "ban-user",
            "created": "2026-11-22T11:57:54.619377Z",
            "actor": actor,
            "properties": properties,
        });
        serde_json::from_value(record).expect("a record")
    }

    fn line(actor: &Value, properties: &Value) -> String {
        let record = record(actor, properties);
        of(&record, &record.properties, 10, false)
    }

    #[test]
    fn when_what_who_and_the_properties_stand_in_columns() {
        let ada = line(&json!({ "id": "ada", "token": "t" }), &json!({ "user": "mallory", "n": 17 }));
        assert_eq!(ada, "2026-11-22 11:57:54.619Z  ban-user    ada       user=mallory n=17\n");
        let without_actor = line(&json!(null), &json!({ "user": { "id": 17 }, "list": [1, null] }));
        assert_eq!(
            without_actor,
            "2026-11-22 11:57:54.619Z  ban-user    -         user={\"id\":17} list=[1,null]\n"
        );
        let empty = line(&json!({ "name": "x" }), &json!({}));
        assert_eq!(empty, "2026-11-22 11:57:54.619Z  ban-user    {\"name\":\"x\"}\n");
    }

    #[test]
    fn the_request_stands_before_the_properties_and_is_dim_in_colour() {
        let mut record = record(&json!({ "id": "ada" }), &json!({ "user": "mallory" }));
        record.context = Some(Context::new().with_request_id("5f2c 1").with_tenant("acme"));
        let line = of(&record, &record.properties, 10, false);
        assert_eq!(
            line,
            "2026-11-22 11:57:54.619Z  ban-user    ada       request_id=\"5f2c 1\" user=mallory\n"
        );
        let coloured = of(&record, &record.properties, 10, true);
        assert!(coloured.contains("\x1b[2mrequest_id=\"5f2c 1\"\x1b[0m "), "{coloured:?}");
    }

    #[test]
    fn a_text_is_quoted_where_it_would_be_taken_for_something_else() {
        let cases = [
            ("plain", "plain"),
            ("a.b/c:d@e+f_g-*", "a.b/c:d@e+f_g-*"),
            ("bébé", "bébé"),
            ("", "\"\""),
            ("two words", "\"two words\""),
            ("a=b", "\"a=b\""),
            ("17", "\"17\""),
            ("true", "\"true\""),
            ("null", "\"null\""),
            ("{}", "\"{}\""),
        ];
        for (given, shown) in cases {
            assert_eq!(text(given), shown);
        }
    }

    /// Escape sequences, a line break, a C1 control (which some terminals take for `ESC [`), and text turned around.
    #[test]
    fn nothing_in_an_event_reaches_the_terminal_as_a_command() {
        let bad = "\x1b[31m\r\n\u{9b}2J\u{7f}\u{202e}x";
        let line = line(&json!({ "id": bad }), &json!({ bad: bad, "in": { bad: [bad] } }));
        assert!(!line.trim_end_matches('\n').chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
        let shown = r"\u001b[31m\r\n\u009b2J\u007f\u202ex";
        assert_eq!(line.matches(shown).count(), 5, "{line}");
    }

    #[test]
    fn colours_change_nothing_but_the_colours() {
        let record = record(&json!({ "id": "ada" }), &json!({ "user": "mallory", "list": [1] }));
        let coloured = of(&record, &record.properties, 10, true);
        assert!(coloured.contains("\x1b[1mban-user  \x1b[0m"), "{coloured:?}");
        let codes = [PLAIN, DIM, BOLD, CYAN];
        let plain = codes.iter().fold(coloured, |text, code| text.replace(code, ""));
        assert_eq!(plain, of(&record, &record.properties, 10, false));
    }
}
