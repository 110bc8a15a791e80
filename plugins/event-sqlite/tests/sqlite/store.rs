//! What is in the table after an event was tracked.

use event_core::Promise;
use event_core::prelude::*;

use crate::files::{Files, banned};

#[test]
fn a_tracked_event_is_a_row_when_track_returns() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    let at = "2026-11-22T11:57:54.619377Z".parse().expect("a time");
    let track = app.track(banned("mallory")).by(Actor::new("root").with("token", "dstok")).at(at);
    let receipt = track.wait().expect("nothing refuses");
    assert_eq!(receipt.promise(), Promise::OnDisk);
    let rows = files.texts(
        "store.db",
        "SELECT json_array(seq, id, name, version, created, actor_id, actor, properties) FROM events",
    );
    let expected = json!([
        1,
        receipt.id(),
        "user-banned",
        1,
        "2026-11-22T11:57:54.619377Z",
        "root",
        r#"{"id":"root","token":"dstok"}"#,
        r#"{"user":"mallory"}"#,
    ]);
    assert_eq!(rows, [expected.to_string()]);
    app.shutdown().wait().expect("everything is written");
}

#[test]
fn an_event_with_an_id_that_is_there_is_no_second_row() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    let id = "019aab2c-5a00-7000-8000-000000000001".parse().expect("an id");
    for user in ["mallory", "eve"] {
        app.track(banned(user)).id(id).wait().expect("it is no error");
    }
    app.track(banned("trent")).wait().expect("nothing refuses");
    let rows = files.texts("store.db", "SELECT properties FROM events ORDER BY seq");
    assert_eq!(rows, [r#"{"user":"mallory"}"#, r#"{"user":"trent"}"#]);
}
