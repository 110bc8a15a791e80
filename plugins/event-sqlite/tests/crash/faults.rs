//! What becomes of events and writes while the disk fails, and when it works again.

use std::error::Error as _;
use std::fs;
use std::path::Path;

use event_core::Durability;
use event_core::prelude::*;
use event_sqlite::rusqlite::{Connection, ErrorCode};
use event_sqlite::{Error, SqliteExt};

use crate::shim::{Errno, FailingDisk};
use crate::writer::{Counted, Noted, Task, Told, app, id};

fn task(file: &Path) -> Task {
    Task::endless(file.to_owned(), Told::default())
}

fn start(file: &Path) -> App {
    let app = app(&task(file)).start().wait().expect("the app starts");
    let create = "CREATE TABLE IF NOT EXISTS note (number INTEGER)";
    app.database("app").expect("it is there").execute_write(create, ()).wait().expect("the disk works");
    app
}

fn counted(number: u32) -> Counted {
    Counted { producer: 0, number, filler: String::new() }
}

fn track(app: &App, number: u32) -> Result<(), Error> {
    match app.track(counted(number)).id(id(0, number)).wait() {
        Ok(receipt) => {
            assert_eq!(receipt.durability(), Durability::OnDisk);
            Ok(())
        }
        Err(event_core::Error::Refused(failure)) => {
            Err(failure.cause().downcast_ref::<Error>().expect("it is this plugin's error").clone())
        }
        Err(other) => panic!("not refused: {other:?}"),
    }
}

fn write(app: &App, number: u32) -> Result<(), Error> {
    let written = app.database("app")?.write(move |tx| {
        tx.execute("INSERT INTO note VALUES (?)", (number,))?;
        tx.track(Noted { producer: 0, number, filler: String::new() })?;
        Ok(())
    });
    written.wait().map(drop)
}

/// By a connection that has nothing to do with the app's.
fn numbers(file: &Path, sql: &str) -> Vec<u32> {
    let connection = Connection::open(file).expect("the file is there");
    let mut statement = connection.prepare(sql).expect("the SQL is right");
    let numbers = statement.query_map((), |row| row.get(0)).expect("it can be read");
    numbers.collect::<Result<_, _>>().expect("they can be read")
}

const EVENTS: &str = "SELECT properties ->> '$.number' FROM events ORDER BY seq";

#[test]
fn a_disk_that_fails_refuses_events_and_writes_until_it_works_again_and_loses_none() {
    FailingDisk::run(
        "faults::a_disk_that_fails_refuses_events_and_writes_until_it_works_again_and_loses_none",
        |disk| {
            let file = disk.file();
            let app = start(&file);
            let mut next = 0..;
            let mut next = || next.next().expect("there are many");
            let (mut events, mut notes) = (Vec::new(), Vec::new());
            for (errno, call, code) in [
                (Errno::Io, "write", ErrorCode::SystemIoFailure),
                (Errno::Io, "sync", ErrorCode::SystemIoFailure),
                (Errno::NoSpace, "write", ErrorCode::DiskFull),
            ] {
                disk.fail(errno, call, "-wal");
                for error in [track(&app, next()), write(&app, next()), track(&app, next())] {
                    let error = error.expect_err("the disk fails");
                    assert_eq!((error.code(), error.path()), (Some(code), Some(file.as_path())), "{call}");
                    assert!(error.to_string().starts_with("failed to use "), "{error}");
                }
                disk.heal();
                let (event, note) = (next(), next());
                track(&app, event).expect("the disk works");
                write(&app, note).expect("the disk works");
                events.extend([event, note]);
                notes.push(note);
            }
            assert_eq!((numbers(&file, EVENTS), numbers(&file, "SELECT number FROM note")), (events, notes));
            app.shutdown().wait().expect("everything is written");
        },
    );
}

#[test]
fn enqueued_events_wait_for_a_disk_that_fails_and_none_is_lost() {
    FailingDisk::run("faults::enqueued_events_wait_for_a_disk_that_fails_and_none_is_lost", |disk| {
        let file = disk.file();
        let section = json!({ "store": { "ack": "enqueued" } });
        let app = app(&task(&file)).config(json!({ "plugins": { "event-sqlite": section } }));
        let app = app.start().wait().expect("the app starts");
        disk.fail(Errno::Io, "sync", "-wal");
        for number in 0..100 {
            app.track(counted(number)).wait().expect("it is only put into the queue");
        }
        // It comes after them, and is told.
        let error = app.database("app").expect("it is there").write(|_| Ok(())).wait();
        assert!(
            error.is_err() && app.sqlite_store().expect("it is there").status().waiting >= 100,
            "{error:?}"
        );
        disk.heal();
        app.shutdown().wait().expect("everything is written");
        assert_eq!(numbers(&file, EVENTS), (0..100).collect::<Vec<_>>());
    });
}

/// What is in the log is safe. It only gets longer.
#[test]
fn a_checkpoint_that_fails_refuses_nothing_and_is_made_later() {
    FailingDisk::run("faults::a_checkpoint_that_fails_refuses_nothing_and_is_made_later", |disk| {
        let file = disk.file();
        let app = start(&file);
        let before = fs::metadata(&file).expect("it is there").len();
        for call in ["write", "sync"] {
            disk.fail(Errno::Io, call, "app.db");
            let size = fs::metadata(file.with_extension("db-wal")).expect("it is there").len();
            for number in 0..20 {
                let many = app.database("app").expect("it is there").write(move |tx| {
                    for _ in 0..50 {
                        tx.track(Counted { producer: 0, number, filler: "x".repeat(8000) })?;
                    }
                    Ok(())
                });
                many.wait().expect("the log can be written");
            }
            let longer = fs::metadata(file.with_extension("db-wal")).expect("it is there").len();
            assert!(longer > size + 8_000_000, "it is kept: {longer}, {size}");
            disk.heal();
        }
        track(&app, 200).expect("the disk works");
        assert!(
            fs::metadata(&file).expect("it is there").len() > before + 16_000_000,
            "the checkpoint is made"
        );
        let events = numbers(&file, EVENTS);
        assert_eq!((events.len(), events.last()), (2001, Some(&200)));
        assert_eq!(
            numbers(&file, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
            [1]
        );
        app.shutdown().wait().expect("everything is written");
    });
}

/// Whether the log has a commit that couldn't be synced shows when it is read again. A caller that tries again with
/// the same id is safe either way.
#[test]
fn an_event_that_a_failing_sync_refused_and_that_is_tracked_again_after_a_crash_is_there_once() {
    FailingDisk::run(
        "faults::an_event_that_a_failing_sync_refused_and_that_is_tracked_again_after_a_crash_is_there_once",
        |disk| {
            let file = disk.file();
            let app = start(&file);
            track(&app, 0).expect("the disk works");
            disk.fail(Errno::Io, "sync", "-wal");
            track(&app, 1).expect_err("the disk fails");
            disk.heal();
            // What another process finds if this one is killed now.
            let left = file.with_file_name("left.db");
            for end in ["db", "db-wal"] {
                fs::copy(file.with_extension(end), left.with_extension(end)).expect("it can be copied");
            }
            let after = start(&left);
            track(&after, 1).expect("the disk works");
            assert_eq!(numbers(&left, EVENTS), [0, 1]);
        },
    );
}

#[test]
fn a_disk_that_fails_at_the_start_is_an_error_that_names_the_file() {
    FailingDisk::run("faults::a_disk_that_fails_at_the_start_is_an_error_that_names_the_file", |disk| {
        let file = disk.file();
        for (call, files) in [("write", "app.db"), ("sync", "-journal"), ("write", "-wal"), ("sync", "-wal")]
        {
            disk.fail(Errno::Io, call, files);
            let error = app(&task(&file)).start().wait().map(drop).expect_err("the disk fails");
            let cause = error.source().expect("it has a cause").to_string();
            assert!(cause.contains("app.db"), "{call} {files}: {cause}");
            disk.heal();
        }
        let app = start(&file);
        track(&app, 0).expect("the disk works");
        assert_eq!(numbers(&file, EVENTS), [0]);
    });
}
