//! What becomes of events and writes while a file can't be written, and when it can again.

use std::time::Duration;

use event_core::prelude::*;
use event_core::{Durability, Failure};
use event_sqlite::rusqlite::{Connection, ErrorCode};
use event_sqlite::{Database, Error, SqliteExt};

use crate::files::{Files, banned};

fn store(files: &Files, ack: &str) -> (App, Database) {
    let app = files.start(json!({
        "databases": { "store": { "path": "store.db", "busy_timeout_ms": 1 } },
        "store": { "ack": ack },
    }));
    let database = app.database("store").expect("it is there");
    (app, database)
}

fn refused(app: &App, user: &str) -> (Failure, Error) {
    match app.track(banned(user)).wait() {
        Err(event_core::Error::Refused(failure)) => {
            let cause = failure.cause().downcast_ref::<Error>().expect("it is this plugin's error").clone();
            (failure, cause)
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn users(files: &Files) -> Vec<String> {
    files.texts("store.db", "SELECT properties ->> '$.user' FROM events ORDER BY seq")
}

/// Tables that have no place for another row. SQLite says the same of a disk that is full.
fn fill(database: &Database) {
    let table = "CREATE TABLE filler (id INTEGER PRIMARY KEY AUTOINCREMENT, bytes BLOB)";
    database.execute_write(table, ()).wait().expect("there is room");
    let fill = "INSERT INTO sqlite_sequence SELECT name, 0x7fffffffffffffff FROM sqlite_schema \
                WHERE name IN ('events', 'filler')";
    let filled = database.write(|tx| {
        tx.execute("DELETE FROM sqlite_sequence", ())?;
        Ok(tx.execute(fill, ())?)
    });
    filled.wait().expect("it can be written");
}

fn make_room(database: &Database) {
    let room = "UPDATE sqlite_sequence SET seq = 1000";
    database.execute_write(room, ()).wait().expect("it can be written");
}

#[test]
fn a_full_disk_refuses_events_and_writes_until_there_is_room_and_loses_none() {
    let files = Files::new();
    let (app, database) = store(&files, "commit");
    app.track(banned("before")).wait().expect("there is room");
    fill(&database);
    let large = "x".repeat(10_000);
    let (failure, cause) = refused(&app, &large);
    assert_eq!(failure.implementation().path(), "event_sqlite::keep_event");
    assert_eq!(
        (cause.code(), cause.path()),
        (Some(ErrorCode::DiskFull), Some(files.path("store.db").as_path()))
    );
    assert!(cause.to_string().contains("store.db: its disk is full"), "{cause}");
    let error = database
        .write(|tx| Ok(tx.execute("INSERT INTO filler (bytes) VALUES (zeroblob(100000))", ())?))
        .wait();
    assert_eq!(error.expect_err("there is no room").code(), Some(ErrorCode::DiskFull));
    let failing = app.sqlite_store().expect("there is one").status().failing.expect("a health check sees it");
    assert_eq!(failing.code(), Some(ErrorCode::DiskFull));
    make_room(&database);
    app.track(banned("after")).wait().expect("there is room");
    assert!(app.sqlite_store().expect("there is one").status().failing.is_none());
    assert_eq!(users(&files), ["before", "after"]);
    app.shutdown().wait().expect("everything is written");
}

#[test]
fn a_file_that_another_process_keeps_locked_is_an_error_after_the_timeout_and_then_works() {
    let files = Files::new();
    let (app, database) = store(&files, "commit");
    let other = Connection::open(files.path("store.db")).expect("the file is there");
    other.execute_batch("BEGIN IMMEDIATE").expect("no other connection writes");
    let (_, cause) = refused(&app, "locked out");
    assert_eq!(cause.code(), Some(ErrorCode::DatabaseBusy));
    assert!(cause.to_string().contains("another process held its lock for longer"), "{cause}");
    let error = database.execute_write("DELETE FROM events", ()).wait().expect_err("it is locked");
    assert_eq!(error.code(), Some(ErrorCode::DatabaseBusy));
    other.execute_batch("COMMIT").expect("it has the lock");
    app.track(banned("let in")).wait().expect("it isn't locked");
    assert_eq!(users(&files), ["let in"]);
}

#[test]
fn enqueued_events_wait_for_a_file_that_cant_be_written_and_none_is_lost() {
    let files = Files::new();
    let (app, database) = store(&files, "enqueued");
    let other = Connection::open(files.path("store.db")).expect("the file is there");
    other.execute_batch("BEGIN IMMEDIATE").expect("no other connection writes");
    for number in 0..100 {
        let receipt = app.track(banned(&number.to_string())).wait().expect("it is only put into the queue");
        assert_eq!(receipt.durability(), Durability::Enqueued);
    }
    // A waiting caller gets the error, and its failure drops no row without a waiting caller.
    let error = database.execute_write("DELETE FROM events", ()).wait().expect_err("it is locked");
    assert_eq!(error.code(), Some(ErrorCode::DatabaseBusy));
    assert!(users(&files).is_empty());
    other.execute_batch("COMMIT").expect("it has the lock");
    app.shutdown().wait().expect("everything is written");
    assert_eq!(users(&files), (0..100).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_row_that_the_table_refuses_is_its_callers_error_and_takes_no_other_with_it() {
    let files = Files::new();
    let (app, database) = store(&files, "commit");
    let trigger = "CREATE TRIGGER never BEFORE INSERT ON events WHEN new.properties LIKE '%eve%' \
                   BEGIN SELECT RAISE(ABORT, 'no eve here'); END";
    database.execute_write(trigger, ()).wait().expect("it can be written");
    let release = crate::writes::hold(&database);
    let users_told: Vec<_> = std::thread::scope(|scope| {
        let track = |number: u32| {
            let app = &app;
            move || {
                app.track(banned(&if number == 12 { "eve".to_owned() } else { number.to_string() })).wait()
            }
        };
        let tracks: Vec<_> = (0..25).map(|number| scope.spawn(track(number))).collect();
        drop(release);
        tracks.into_iter().map(|track| track.join().expect("it doesn't panic")).collect()
    });
    for (told, number) in users_told.iter().zip(0..) {
        assert_eq!(told.is_err(), number == 12, "{number}: {told:?}");
    }
    assert_eq!(users(&files).len(), 24);
}

#[test]
fn a_file_that_is_damaged_is_an_error_that_says_so() {
    let files = Files::new();
    let (app, _) = store(&files, "commit");
    for number in 0..1000 {
        app.track(banned(&format!("{number:0100}"))).wait().expect("nothing refuses");
    }
    app.shutdown().wait().expect("everything is written");
    let path = files.path("store.db");
    let mut bytes = std::fs::read(&path).expect("the file is there");
    // Everything but the first page, so that it is still a database.
    bytes[4096..].fill(0xee);
    std::fs::write(&path, bytes).expect("it can be written");
    let (app, database) = store(&files, "commit");
    let (_, cause) = refused(&app, "mallory");
    assert_eq!(cause.code(), Some(ErrorCode::DatabaseCorrupt));
    assert!(cause.to_string().contains("it is damaged"), "{cause}");
    let count = database
        .read(|db| Ok(db.query_row("SELECT max(name) FROM events", (), |row| row.get::<_, String>(0))?));
    assert_eq!(count.wait().expect_err("it can't be read").code(), Some(ErrorCode::DatabaseCorrupt));
}

#[test]
fn shutdown_gives_up_at_its_deadline_and_says_what_is_left() {
    let files = Files::new();
    let app = files.start(json!({
        "databases": { "store": { "path": "store.db", "busy_timeout_ms": 1 } },
        "store": { "ack": "enqueued" },
        "shutdown_ms": 60,
    }));
    app.track(banned("written")).wait().expect("it is put into the queue");
    let database = app.database("store").expect("it is there");
    database.write(|_| Ok(())).wait().expect("it comes after the event");
    let other = Connection::open(files.path("store.db")).expect("the file is there");
    other.execute_batch("BEGIN IMMEDIATE").expect("no other connection writes");
    for user in ["left", "behind"] {
        app.track(banned(user)).wait().expect("it is put into the queue");
    }
    let Err(event_core::Error::Failed(failures)) = app.shutdown().wait() else {
        panic!("it can't be written")
    };
    let error = failures[0].cause().downcast_ref::<Error>().expect("it is this plugin's error");
    let Error::Unwritten { left, deadline, cause, .. } = error else { panic!("another error: {error}") };
    assert_eq!((*left, *deadline), (2, Duration::from_millis(60)));
    assert_eq!(cause.as_ref().and_then(|cause| cause.code()), Some(ErrorCode::DatabaseBusy));
    assert_eq!(users(&files), ["written"]);
}

#[test]
fn a_closure_that_doesnt_end_holds_up_no_shutdown_longer_than_the_deadline() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" }, "shutdown_ms": 60 }));
    let release = crate::writes::hold(&app.database("store").expect("it is there"));
    let Err(event_core::Error::Failed(failures)) = app.shutdown().wait() else {
        panic!("it can't be closed")
    };
    assert!(
        failures[0].cause().to_string().contains("failed to write 1 events and writes to "),
        "{failures:?}"
    );
    drop(release);
}

#[test]
fn a_shutdown_says_of_writes_that_no_caller_waits_for_how_many_are_lost() {
    const WRITES: usize = 200;
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    let database = app.database("store").expect("it is there");
    let release = crate::writes::hold(&database);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for number in 0..WRITES {
        let write = database.write(move |tx| {
            tx.track(banned(&number.to_string()))?;
            Ok(())
        });
        let polled = std::future::Future::poll(std::pin::pin!(write), &mut context);
        assert!(polled.is_pending(), "another closure has its turn");
    }
    let mut shutdown = std::pin::pin!(app.shutdown());
    assert!(
        std::future::Future::poll(shutdown.as_mut(), &mut context).is_pending(),
        "there is something to write"
    );
    drop(release);
    let Err(event_core::Error::Failed(failures)) = pollster::block_on(shutdown) else {
        panic!("they can't be written: tracking isn't possible any more")
    };
    let error = failures[0].cause().downcast_ref::<Error>().expect("it is this plugin's error");
    let Error::Unwritten { left, .. } = error else { panic!("another error: {error}") };
    assert_eq!((*left, users(&files).len()), (WRITES, 0));
}

/// Polls it once and drops it, as a timeout does.
fn give_up(app: &App) {
    let shutdown = std::pin::pin!(app.shutdown());
    let polled =
        std::future::Future::poll(shutdown, &mut std::task::Context::from_waker(std::task::Waker::noop()));
    assert!(polled.is_pending(), "there is something to write, and the file is locked");
}

#[test]
fn a_shutdown_that_is_dropped_does_not_make_the_next_one_say_that_all_is_written() {
    let files = Files::new();
    let (app, _) = store(&files, "enqueued");
    app.track(banned("0")).wait().expect("nothing refuses");
    let other = Connection::open(files.path("store.db")).expect("it is a database");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    for user in 1..1_000 {
        app.track(banned(&user.to_string())).wait().expect("it waits in memory");
    }
    give_up(&app);
    give_up(&app);
    other.execute_batch("COMMIT").expect("it holds the lock");
    app.shutdown().wait().expect("everything is written");
    assert_eq!(users(&files).len(), 1_000, "it has said so");
}

#[test]
fn a_shutdown_after_one_that_was_dropped_says_what_it_could_not_write() {
    let files = Files::new();
    let app = files.start(json!({
        "shutdown_ms": 50,
        "databases": { "store": { "path": "store.db", "busy_timeout_ms": 1 } },
        "store": { "ack": "enqueued" },
    }));
    let other = Connection::open(files.path("store.db")).expect("it is a database");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    app.track(banned("mallory")).wait().expect("it waits in memory");
    give_up(&app);
    for _ in 0..2 {
        let Err(event_core::Error::Failed(failures)) = app.shutdown().wait() else {
            panic!("none is written")
        };
        let cause = failures[0].cause().downcast_ref::<Error>().expect("it is this plugin's error");
        assert!(matches!(cause, Error::Unwritten { left: 1, .. }), "{cause}");
    }
}

/// As a `main` that returns it prints it.
#[test]
fn the_debug_of_an_error_is_its_text_with_a_line_for_each_cause() {
    let files = Files::new();
    let (app, database) = store(&files, "commit");
    let path = database.path().display().to_string();
    let shown = |error: &dyn std::fmt::Debug| format!("{error:?}").replace(&path, "store.db");
    let unknown = database.execute_write("SELECT x FROM y", ()).wait().expect_err("there is no such table");
    let text =
        "failed to use store.db\n  caused by: no such table: y\n  caused by: Error code 1: SQL logic error";
    assert_eq!(shown(&unknown), text);
    let boxed: Box<dyn std::error::Error> = unknown.into();
    assert!(shown(&boxed).starts_with("failed to use store.db\n  caused by: "), "{boxed:?}");
    let own = database.write(|_| Err::<(), _>(Error::own("no\u{1b}[2J user"))).wait().expect_err("it fails");
    assert_eq!(shown(&own), r"no\u001b[2J user");
    let none = app.database("other").expect_err("there is none");
    assert!(
        shown(&none).starts_with("failed to find the database `other`: this app has `store`"),
        "{none:?}"
    );
    let directory = event_sqlite::DatabaseOptions::new(files.path("store.db/not/a/directory.db"));
    let unopened = app.add_database("new", directory).expect_err("there is no such directory");
    let Error::Open { cause, .. } = &unopened else { panic!("another error: {unopened:?}") };
    assert!(shown(cause).starts_with("its directory can't be created\n  caused by: "), "{cause:?}");
}

#[test]
fn an_error_of_a_database_is_the_cause_in_an_implementation_that_returns_an_event_core_result() {
    fn count(app: &App) -> event_core::Result<()> {
        app.database("nowhere")?.execute_write("UPDATE counts SET n = n + 1", ()).wait()?;
        Ok(())
    }
    let files = Files::new();
    let (app, _database) = store(&files, "commit");
    let error = count(&app).expect_err("there is no such database");
    let event_core::Error::Foreign(error) = error else { panic!("it is this plugin's: {error:?}") };
    assert!(error.to_string().contains("`nowhere`"), "{error}");
    assert!(error.downcast::<Error>().is_ok());
    app.shutdown().wait().expect("it shuts down");
}
