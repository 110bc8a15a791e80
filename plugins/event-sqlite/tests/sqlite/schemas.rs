//! That a file of each earlier version of the store's tables is read, and that programs of two versions share one.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use event_core::prelude::*;
use event_core::{Context, Record};
use event_sqlite::JournalExt;
use event_sqlite::rusqlite::Connection;
use serde_json::Value;
use uuid::Uuid;

use crate::files::{Files, UserBanned, banned};

/// The newest version of the tables.
const NEWEST: usize = 3;

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The store in a file of its own, and in an application's database.
fn sections() -> [(&'static str, Value); 2] {
    [
        ("own", json!({ "store": { "path": "app.db" } })),
        ("shared", json!({ "databases": { "app": { "path": "app.db" } }, "store": { "database": "app" } })),
    ]
}

fn fixture(place: &str, version: usize) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{place}-{version}.db"))
}

fn context() -> Context {
    Context::new().with_traceparent(TRACEPARENT).with_request_id("5f2c").with("shop", "cart", "17")
}

/// Two events: one with all that an envelope can have, one with what it must have.
fn track_both(app: &App) {
    let id = |last: u8| Uuid::from_u128(0x019a_ab2c_5a00_7000_8000_0000_0000_0000 + u128::from(last));
    let created = "2026-11-22T11:57:54.619377Z".parse().expect("a time");
    let full = app.track(banned("mallory")).by(Actor::new("root")).context(context());
    full.id(id(1)).at(created).wait().expect("nothing refuses");
    app.track(banned("eve")).id(id(2)).at(created).wait().expect("nothing refuses");
}

/// A released version's files stay as they are: only those of the newest can be written again, by `FIXTURES=overwrite`.
#[test]
fn a_file_of_each_version_of_the_tables_is_read_with_what_it_has_and_written_to() {
    for (place, section) in sections() {
        if std::env::var_os("FIXTURES").is_some_and(|it| it == "overwrite") {
            let files = Files::new();
            let small = Connection::open(files.path("app.db")).expect("it can be made");
            small.execute_batch("PRAGMA page_size = 512; VACUUM").expect("it can be written");
            drop(small);
            let app = files.start(section.clone());
            track_both(&app);
            app.shutdown().wait().expect("everything is written");
            fs::copy(files.path("app.db"), fixture(place, NEWEST)).expect("it can be copied");
        }
        for version in 1..=NEWEST {
            let files = Files::new();
            let fixture = fixture(place, version);
            fs::copy(&fixture, files.path("app.db")).unwrap_or_else(|error| {
                panic!("{}: {error}; `FIXTURES=overwrite` writes it", fixture.display())
            });
            let app = files.start(section.clone());
            // They are in the file already, and are the same.
            track_both(&app);
            app.track(banned("new")).context(context()).wait().expect("nothing refuses");
            let events = app.store().expect("it is there").events().list().wait().expect("all can be read");
            let records: Vec<&Record> = events.iter().map(|event| &event.record).collect();
            let users = records.iter().map(|it| it.properties["user"].as_str()).collect::<Vec<_>>();
            assert_eq!(users, [Some("mallory"), Some("eve"), Some("new")], "{}", fixture.display());
            assert_eq!(records[0].actor, Some(Actor::new("root")));
            let has_context = version >= 2;
            let contexts: Vec<_> = records.iter().map(|it| it.context.clone()).collect();
            assert_eq!(contexts, [has_context.then(context), None, Some(context())], "{}", fixture.display());
            app.shutdown().wait().expect("everything is written");
        }
    }
}

#[test]
fn an_event_has_its_context_in_the_store_and_one_without_has_null() {
    for (place, section) in sections() {
        let files = Files::new();
        let app = files.start(section);
        track_both(&app);
        let store = app.store().expect("it is there");
        let typed = store.events_of::<UserBanned>().list().wait().expect("all can be read");
        assert_eq!(
            (typed[0].context.as_ref(), typed[1].context.as_ref()),
            (Some(&context()), None),
            "{place}"
        );
        app.shutdown().wait().expect("everything is written");
        let expected =
            format!(r#"{{"traceparent":"{TRACEPARENT}","request_id":"5f2c","shop":{{"cart":"17"}}}}"#);
        let kept: Vec<Option<String>> =
            files.rows("app.db", "SELECT context FROM events ORDER BY seq", (), |row| row.get(0));
        assert_eq!(kept, [Some(expected), None], "{place}");
    }
}

#[test]
fn an_event_that_is_tracked_again_in_another_request_is_the_same_event() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "app.db" } }));
    let id = Uuid::from_u128(0x019a_ab2c_5a00_7000_8000_0000_0000_0001);
    for request in ["1", "2"] {
        let context = Context::new().with_request_id(request);
        app.track(banned("mallory")).id(id).context(context).wait().expect("it is the same event");
    }
    app.shutdown().wait().expect("everything is written");
    assert_eq!(files.texts("app.db", "SELECT context ->> '$.request_id' FROM events"), ["1"]);
}

#[test]
fn a_row_whose_context_is_no_context_is_unreadable_and_the_others_are_read() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "app.db" } }));
    for user in ["mallory", "eve", "trent"] {
        app.track(banned(user)).wait().expect("nothing refuses");
    }
    let other = Connection::open(files.path("app.db")).expect("it can be opened");
    other.execute("UPDATE events SET context = '{' WHERE seq = 2", ()).expect("it can be written");
    let error = app.store().expect("it is there").events().list().wait().expect_err("one can't be read");
    assert!(
        matches!(&error, event_journal::Error::UnreadableEvents { seqs, .. } if *seqs == [2]),
        "{error:?}"
    );
    app.shutdown().wait().expect("everything is written");
}

/// The file that the child process has open.
const OPEN: &str = "EVENT_SQLITE_TEST_OPEN";

/// The program of before: what it inserts and reads with, prepared before the columns changed.
fn program_of_version_1(path: &OsStr) {
    let connection = Connection::open(path).expect("it can be opened");
    let mut insert = connection
        .prepare(
            "INSERT INTO main.events (id, name, version, created, actor_id, actor, properties) VALUES (?,?,?,?,?,?,?)
             ON CONFLICT (id) DO NOTHING",
        )
        .expect("the table is there");
    let mut select = connection
        .prepare("SELECT seq, id, name, version, created, actor, properties FROM main.events ORDER BY seq")
        .expect("the table is there");
    for line in std::io::stdin().lines() {
        let user = line.expect("it can be read");
        let id = Uuid::now_v7().to_string();
        let properties = json!({ "user": user }).to_string();
        let created = "2026-11-22T11:57:54.619377Z";
        let row = (id, "user-banned", 1, created, None::<String>, None::<String>, properties);
        insert.execute(row).expect("it can be written");
        let users = select.query_map((), |row| row.get::<_, String>(6)).expect("it can be read");
        println!("users: {}", users.map(|it| it.expect("it is text")).collect::<Vec<_>>().join(" "));
    }
}

#[test]
fn a_program_of_the_version_before_goes_on_writing_and_reading_while_a_newer_one_changes_the_table() {
    if let Some(path) = std::env::var_os(OPEN) {
        return program_of_version_1(&path);
    }
    for (place, section) in sections() {
        let files = Files::new();
        fs::copy(fixture(place, 1), files.path("app.db")).expect("it can be copied");
        let name = "schemas::a_program_of_the_version_before_goes_on_writing_and_reading_while_a_newer_one_changes_the_table";
        let mut older = Command::new(std::env::current_exe().expect("a test is a program"))
            .args([name, "--exact", "--nocapture"])
            .env(OPEN, files.path("app.db"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it can be started");
        let mut input = older.stdin.take().expect("it was piped");
        let mut lines = BufReader::new(older.stdout.take().expect("it was piped")).lines();
        let mut older_tracks = |user: &str| {
            writeln!(input, "{user}").expect("it reads");
            let mut lines = lines.by_ref().map(|line| line.expect("it can be read"));
            lines.find(|line| line.starts_with("users: ")).expect("it goes on")
        };
        older_tracks("before");
        let app = files.start(section);
        app.track(banned("newer")).context(context()).wait().expect("nothing refuses");
        let users = older_tracks("after");
        let expected = ["mallory", "eve", "before", "newer", "after"];
        let positions: Vec<_> = expected.iter().map(|user| users.find(user)).collect();
        assert!(positions.is_sorted() && positions[0].is_some(), "{users}");
        let events = app.store().expect("it is there").events().list().wait().expect("all can be read");
        let read: Vec<_> =
            events.iter().map(|it| (it.properties["user"].as_str(), it.context.clone())).collect();
        let with = |user| (user == "newer").then(context);
        assert_eq!(read, expected.map(|user| (Some(user), with(user))), "{place}");
        drop(input);
        assert!(older.wait().expect("it ends").success(), "{place}");
        app.shutdown().wait().expect("everything is written");
    }
}

/// Ten and more are inserted by one statement, and there is one for rows without contexts.
#[test]
fn of_many_events_that_are_written_at_once_each_keeps_its_own_context() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "app.db", "ack": "enqueued" } }));
    let request =
        |number: u32| (number.is_multiple_of(7) && !(20..60).contains(&number)).then(|| number.to_string());
    for number in 0..100 {
        let context = request(number).map(|id| Context::new().with_request_id(id)).unwrap_or_default();
        app.track(banned("mallory")).context(context).wait().expect("nothing refuses");
    }
    app.shutdown().wait().expect("everything is written");
    let sql = "SELECT context ->> '$.request_id' FROM events ORDER BY seq";
    let kept: Vec<Option<String>> = files.rows("app.db", sql, (), |row| row.get(0));
    assert_eq!(kept, (0..100).map(request).collect::<Vec<_>>());
}
