//! What one line in an application does.

use event_core::prelude::*;

event_core::plugins![event_sqlite];

#[derive(Event)]
struct Tick;

#[test]
fn an_application_that_links_the_plugin_keeps_its_events() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let path = directory.path().join("data").join("events.db");
    let config = json!({ "plugins": { "event-sqlite": { "store": { "path": path } } } });
    let app = App::builder().config(config).start().wait().expect("the app starts");
    app.track(Tick).wait().expect("nothing refuses");
    app.shutdown().wait().expect("everything is written");
    let kept = event_sqlite::rusqlite::Connection::open(path).expect("the file is there");
    let name: String =
        kept.query_row("SELECT name FROM events", (), |row| row.get(0)).expect("there is a row");
    assert_eq!(name, "tick");
}
