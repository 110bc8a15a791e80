//! Which files the store takes for its own, and which it leaves alone.

use std::fs;

use event_core::prelude::*;
use event_sqlite::Error;
use event_sqlite::rusqlite::Connection;
use serde_json::Value;

use crate::files::{Files, banned};

/// Why an app with this store doesn't start.
fn refused(files: &Files, section: Value) -> Error {
    match files.app(section).start().wait() {
        Err(event_core::Error::Startup(failure)) => {
            failure.cause().downcast_ref::<Error>().expect("it is this plugin's error").clone()
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn own() -> Value {
    json!({ "store": { "path": "app.db" } })
}

fn shared() -> Value {
    json!({ "databases": { "app": { "path": "app.db" } }, "store": { "database": "app" } })
}

/// A file that this SQL made.
fn made(files: &Files, sql: &str) {
    let connection = Connection::open(files.path("app.db")).expect("it can be made");
    connection.execute_batch(sql).expect("it can be written");
}

/// The store's table as the first release made it, with an event.
const FIRST_RELEASE: &str = "
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, version INTEGER NOT NULL,
        created TEXT NOT NULL, actor_id TEXT, actor TEXT, properties TEXT NOT NULL
    ) STRICT;
    CREATE INDEX events_by_name ON events (name);
    INSERT INTO events (id, name, version, created, properties) VALUES
        ('019aab2c-5a00-7000-8000-000000000001', 'user-banned', 1, '2026-11-22T10:00:00.000000Z', '{\"user\":\"old\"}');";

#[test]
fn a_foreign_file_is_refused_and_not_a_byte_of_it_changes() {
    for (section, sql) in [
        (own(), "CREATE TABLE user (name); PRAGMA user_version = 1"),
        (own(), "CREATE TABLE user (name); PRAGMA user_version = 12"),
        (own(), "CREATE TABLE user (name); PRAGMA user_version = -1"),
        (own(), "CREATE TABLE user (name)"),
        (own(), "PRAGMA user_version = 12"),
        (own(), "PRAGMA application_id = 12"),
        (own(), "CREATE TABLE events (mine); PRAGMA user_version = 1"),
        (own(), "CREATE VIEW events AS SELECT 1 AS seq; PRAGMA user_version = 1"),
        (own(), "CREATE TABLE events (seq, id, name); PRAGMA user_version = 4"),
        (own(), &format!("{FIRST_RELEASE} PRAGMA user_version = 2")),
        (own(), &format!("{FIRST_RELEASE} PRAGMA user_version = 1; PRAGMA application_id = 12")),
        (own(), &format!("{FIRST_RELEASE} PRAGMA user_version = -1")),
        (shared(), "CREATE TABLE events (mine)"),
        (shared(), "CREATE TABLE Events (mine)"),
        (shared(), "CREATE TABLE event_sqlite (mine)"),
        (shared(), "CREATE TABLE event_sqlite (store_version); CREATE TABLE events (mine)"),
        (shared(), "CREATE TABLE event_sqlite (store_version); INSERT INTO event_sqlite VALUES (1)"),
        (shared(), &format!("{FIRST_RELEASE} CREATE TABLE event_sqlite (store_version)")),
        (
            shared(),
            &format!(
                "{FIRST_RELEASE} CREATE TABLE event_sqlite (store_version); INSERT INTO event_sqlite VALUES (2)"
            ),
        ),
    ] {
        let files = Files::new();
        made(&files, sql);
        let before = fs::read(files.path("app.db")).expect("it can be read");
        let error = refused(&files, section);
        assert!(
            matches!(&error, Error::NotTheStore { path } if *path == files.path("app.db")),
            "{sql}: {error:?}"
        );
        assert!(
            error.to_string().contains("it has tables of another program, and wasn't changed"),
            "{error}"
        );
        assert!(fs::read(files.path("app.db")).expect("it can be read") == before, "{sql}");
        assert_eq!(fs::read_dir(files.path(".")).expect("it can be read").count(), 1, "{sql}");
    }
}

#[test]
fn a_file_of_the_first_release_is_opened_and_from_then_on_known_by_its_application_id() {
    let files = Files::new();
    made(
        &files,
        &format!("{FIRST_RELEASE} PRAGMA user_version = 1; CREATE TABLE notes_of_an_operator (text)"),
    );
    for user in ["new", "newer"] {
        let app = files.start(own());
        app.track(banned(user)).wait().expect("nothing refuses");
        app.shutdown().wait().expect("everything is written");
        let id: Vec<i64> = files.rows("app.db", "PRAGMA application_id", (), |row| row.get(0));
        assert_eq!(id, [i64::from(u32::from_be_bytes(*b"evsq"))]);
    }
    let users = files.texts("app.db", "SELECT properties ->> '$.user' FROM events ORDER BY seq");
    assert_eq!(users, ["old", "new", "newer"]);
}

#[test]
fn an_applications_database_with_the_store_in_it_is_not_taken_for_the_stores_own_file() {
    let files = Files::new();
    made(&files, "CREATE TABLE user (name); PRAGMA user_version = 1");
    let app = files.start(shared());
    app.track(banned("mallory")).wait().expect("nothing refuses");
    app.shutdown().wait().expect("everything is written");
    let error = refused(&files, own());
    assert!(matches!(error, Error::NotTheStore { .. }), "{error:?}");
    let id: Vec<i64> = files.rows("app.db", "PRAGMA application_id", (), |row| row.get(0));
    assert_eq!(id, [0]);
}

/// Another process that creates it was killed before it had written a table.
#[test]
fn an_empty_file_becomes_the_store() {
    for sql in ["", "PRAGMA journal_mode = wal", "CREATE TABLE t (a); DROP TABLE t"] {
        let files = Files::new();
        made(&files, sql);
        let app = files.start(own());
        app.track(banned("mallory")).wait().expect("nothing refuses");
        app.shutdown().wait().expect("everything is written");
        assert_eq!(files.texts("app.db", "SELECT id FROM events").len(), 1, "{sql}");
    }
}

#[test]
fn a_store_of_a_newer_version_is_called_one_and_stays_as_it_is() {
    for (section, newer) in [
        (own(), "PRAGMA user_version = 4; ALTER TABLE events RENAME COLUMN actor TO whom"),
        (
            shared(),
            "UPDATE event_sqlite SET store_version = 4; ALTER TABLE events RENAME COLUMN actor TO whom",
        ),
    ] {
        let files = Files::new();
        let mut without_view = section.clone();
        without_view["store"]["view"] = json!(false);
        files.start(without_view).shutdown().wait().expect("everything is written");
        made(&files, newer);
        let error = refused(&files, section);
        assert!(matches!(&error, Error::NewerStore { found: 4, known: 3, .. }), "{error:?}");
    }
}
