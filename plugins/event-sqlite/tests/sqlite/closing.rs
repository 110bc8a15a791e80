//! What is left of the files when a program has ended, and which permissions they have.

use std::fs;
use std::sync::mpsc;

use event_core::prelude::*;
use event_sqlite::rusqlite::{Connection, OpenFlags};
use event_sqlite::{JournalExt, SqliteExt};

use crate::files::{Files, banned};

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
