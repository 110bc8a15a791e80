//! What is left of the files when a program has ended, and which permissions they have.

use std::fs;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use event_core::prelude::*;
use event_sqlite::rusqlite::{Connection, OpenFlags};
use event_sqlite::{Error, JournalExt, SqliteExt};

use crate::files::{Files, banned};
use crate::writes::hold;

/// A copy of the file without its log.
fn copied_alone(files: &Files) -> Vec<String> {
    fs::copy(files.path("store.db"), files.path("copy.db")).expect("it can be copied");
    files.texts("copy.db", "SELECT properties ->> '$.user' FROM events ORDER BY seq")
}

#[test]
fn after_a_shutdown_the_file_alone_has_everything_whoever_read_it_before() {
    for _ in 0..20 {
        let files = Files::new();
        let app = files.start(json!({ "store": { "path": "store.db" } }));
        let store = app.store().expect("it is there");
        for number in 0..20 {
            app.track(banned(&number.to_string())).wait().expect("nothing refuses");
        }
        assert_eq!(store.events().list().wait().expect("they can be read").len(), 20);
        let follows = store.events().after(0).follow();
        let mut follows = Box::pin(follows);
        let first =
            std::future::poll_fn(|context| futures_core::Stream::poll_next(follows.as_mut(), context));
        pollster::block_on(first).expect("it goes on").expect("it can be read");
        app.shutdown().wait().expect("everything is written");
        assert!(!files.path("store.db-wal").exists(), "no connection is open any more");
        assert_eq!(copied_alone(&files).len(), 20);
    }
}

#[test]
fn a_shutdown_waits_for_a_read_and_then_the_file_alone_has_everything() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    let store = app.sqlite_store().expect("it is there");
    let (runs, is_running) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let read = store.database().read(move |connection| {
        connection.query_row("SELECT count(*) FROM events", (), |row| row.get::<_, i64>(0))?;
        runs.send(()).expect("the test waits for it");
        let _ = released.recv();
        Ok(())
    });
    let read = std::thread::spawn(|| read.wait());
    is_running.recv().expect("it reads");
    app.track(banned("mallory")).wait().expect("nothing refuses");
    let shutdown = std::thread::spawn(move || app.shutdown().wait());
    while !store
        .database()
        .read(|_| Ok(()))
        .wait()
        .is_err_and(|it| matches!(it, event_sqlite::Error::Closed { .. }))
    {}
    drop(release);
    read.join().expect("it doesn't panic").expect("it came before the end");
    shutdown.join().expect("it doesn't panic").expect("everything is written");
    assert_eq!(copied_alone(&files), ["mallory"]);
}

/// They share `shutdown_ms`, so none may wait for the one before.
#[test]
fn a_shutdown_closes_every_database_at_once_also_while_one_of_them_is_busy() {
    let files = Files::new();
    let app = files.start(json!({
        "shutdown_ms": 3_600_000,
        "databases": { "a": { "path": "a.db" }, "b": { "path": "b.db" } },
        "store": { "path": "store.db" },
    }));
    let (busy, others) = (app.database("a").expect("it is there"), ["b", "store"]);
    let others = others.map(|name| app.database(name).expect("it is there"));
    let release = hold(&busy);
    let shutdown = std::thread::spawn(move || app.shutdown().wait());
    let begun = Instant::now();
    for other in others {
        while !matches!(other.read(|_| Ok(())).wait(), Err(Error::Closed { .. })) {
            assert!(begun.elapsed() < LONG, "it waits for the other one");
        }
    }
    drop(release);
    shutdown.join().expect("it doesn't panic").expect("everything is written");
}

#[test]
fn a_shutdown_reports_every_database_that_has_something_left_to_write() {
    let files = Files::new();
    let app = files.start(json!({
        "shutdown_ms": 1,
        "databases": { "a": { "path": "a.db" }, "b": { "path": "b.db" } },
        "store": { "path": "store.db" },
    }));
    if std::env::var_os(ALONE).is_none() {
        let mut itself = std::process::Command::new(std::env::current_exe().expect("a test is a program"));
        let name = "closing::a_shutdown_reports_every_database_that_has_something_left_to_write";
        let output = itself.args([name, "--exact", "--nocapture"]).env(ALONE, "").output();
        let output = output.expect("it can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let lines = said.lines().filter(|line| line.contains("b.db") && line.contains("failed to write"));
        assert_eq!(lines.count(), 1, "{said}");
        return;
    }
    let _held = ["a", "b"].map(|name| {
        let database = app.database(name).expect("it is there");
        let release = hold(&database);
        drop(database.write(|_| Ok(())));
        release
    });
    let error = event_core::plugin::error_line(&app.shutdown().wait().expect_err("both are busy"));
    assert!(error.contains("a.db") && !error.contains("b.db"), "{error}");
}

/// Set for a process whose lines another one reads.
const ALONE: &str = "EVENT_SQLITE_TEST_CLOSES";

/// What a test waits for at most, before it fails.
const LONG: Duration = Duration::from_mins(2);

#[test]
fn after_an_app_was_dropped_without_a_shutdown_the_file_alone_has_everything_in_the_end() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    app.track(banned("mallory")).wait().expect("nothing refuses");
    app.store().expect("it is there").events().list().wait().expect("they can be read");
    drop(app);
    while files.path("store.db-wal").exists() {
        std::thread::yield_now();
    }
    assert_eq!(copied_alone(&files), ["mallory"]);
}

/// Another program's connection: with a transaction, it keeps what it sees; without, it blocks no checkpoint.
#[test]
fn after_a_shutdown_the_file_alone_has_everything_also_while_another_program_has_it_open() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    app.track(banned("mallory")).wait().expect("nothing refuses");
    let other = Connection::open_with_flags(files.path("store.db"), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let other = other.expect("the file is there");
    let count = || other.query_row("SELECT count(*) FROM events", (), |row| row.get::<_, i64>(0));
    assert_eq!(count(), Ok(1));
    app.track(banned("eve")).wait().expect("nothing refuses");
    app.shutdown().wait().expect("everything is written");
    assert_eq!(copied_alone(&files), ["mallory", "eve"]);
    assert_eq!(count(), Ok(2));
}
