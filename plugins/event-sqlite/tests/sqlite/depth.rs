//! Is everything read back that the store has promised to keep, however deep it is?

use event_core::Error;
use event_core::plugin::MAX_DEPTH;
use event_core::prelude::*;
use event_sqlite::JournalExt;
use event_sqlite::rusqlite::Connection;
use serde_json::Value;

use crate::files::{Files, banned};

#[derive(Event, Debug, PartialEq, serde::Deserialize)]
struct Holds {
    it: Value,
}

fn deep(levels: usize) -> Value {
    (0..levels).fold(Value::Null, |inner, _| json!([inner]))
}

fn text_of(levels: usize) -> String {
    format!("{{\"it\":{}{}}}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn what_is_too_deep_to_be_read_back_is_refused_and_all_that_is_kept_can_be_read() {
    let files = Files::new();
    let builder = files.app(json!({ "store": { "path": "store.db" } })).event::<Holds>();
    let app = builder.failure_handler(|_| ()).start().wait().expect("the app starts");
    let actor = |levels| Actor::new("ada").with("scopes", deep(levels));
    let deepest = MAX_DEPTH - 1;
    let track = |levels, by| app.track(Holds { it: deep(levels) }).by(actor(by)).wait();
    track(deepest, deepest).expect("it can be read back");
    for (levels, by) in [(deepest + 1, 0), (128, 0), (1_000, 0), (0, deepest + 1), (0, 128)] {
        let error = track(levels, by).expect_err("it can't be read back");
        let shown = format!("{error:?}");
        assert!(shown.contains("event `holds`") && shown.contains("deeper than 100 levels"), "{shown}");
        assert!(matches!(error, Error::Refused(_) | Error::Envelope { .. }), "{shown}");
    }
    let store = app.store().expect("it is there");
    let typed = store.events_of::<Holds>().list().wait().expect("they can be read");
    let untyped = store.events().list().wait().expect("they can be read");
    assert_eq!((typed.len(), untyped.len()), (1, 1));
    assert_eq!(typed[0].event, Holds { it: deep(deepest) });
    assert_eq!(typed[0].actor, Some(actor(deepest)));
    app.shutdown().wait().expect("nothing fails");
    assert_eq!(files.texts("store.db", "SELECT properties FROM datasette_events").len(), 1);
}

#[test]
fn a_row_whose_json_sqlite_cant_read_takes_no_other_row_out_of_the_view() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    app.track(banned("mallory")).wait().expect("nothing refuses");
    app.shutdown().wait().expect("nothing fails");
    let connection = Connection::open(files.path("store.db")).expect("the file is there");
    let odd = [text_of(1_100), "{".to_owned(), String::new(), "[1]".to_owned(), "\"x\"".to_owned()];
    for (number, properties) in (0_i64..).zip(&odd) {
        let sql = "INSERT INTO events (id, name, version, created, properties) VALUES (?, 'odd', 1, '', ?)";
        connection.execute(sql, (number, properties)).expect("it can be written");
    }
    let sql = "SELECT properties FROM datasette_events WHERE database_name IS NULL AND table_name IS NULL ORDER BY id";
    let [first, rest @ ..] = &files.texts("store.db", sql)[..] else { panic!("there is a row at least") };
    assert_eq!((first.as_str(), rest), (r#"{"user":"mallory"}"#, &odd[..]));
}
