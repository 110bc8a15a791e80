//! Events that a write tracks: true with the write, and never without it.

use std::sync::{Arc, Mutex, mpsc};

use event_core::prelude::*;
use event_core::{Durability, Tracked};
use event_sqlite::{Database, Error, SqliteExt};

use crate::files::{Files, UserBanned, banned};
use crate::writes::{add, hold};

#[derive(Event)]
struct Measured {
    ratio: f64,
}

#[derive(Event)]
struct Unknown;

/// An app whose store is in the same file as its notes.
fn builder(files: &Files) -> event_core::AppBuilder {
    let builder = files
        .app(json!({ "databases": { "notes": { "path": "notes.db" } }, "store": { "database": "notes" } }));
    builder.event::<Measured>()
}

/// An app whose store has a file of its own.
fn builder_apart(files: &Files) -> event_core::AppBuilder {
    files.app(json!({ "databases": { "notes": { "path": "notes.db" } }, "store": { "path": "store.db" } }))
}

fn start(builder: event_core::AppBuilder) -> (App, Database) {
    let app = builder.start().wait().expect("the app starts");
    let notes = app.database("notes").expect("it is there");
    notes
        .execute_write("CREATE TABLE note (text TEXT NOT NULL UNIQUE)", ())
        .wait()
        .expect("it can be written");
    (app, notes)
}

fn notes(files: &Files) -> Vec<String> {
    files.texts("notes.db", "SELECT text FROM note ORDER BY rowid")
}

fn events(files: &Files, file: &str) -> Vec<String> {
    files.texts(file, "SELECT properties ->> '$.user' FROM events ORDER BY seq")
}

#[test]
fn the_events_of_a_write_are_rows_of_the_same_transaction_where_the_store_is_in_its_database() {
    let files = Files::new();
    let (app, db) = start(builder(&files));
    let at = "2026-11-22T11:57:54.619377Z".parse().expect("a time");
    let id = "019aab2c-5a00-7000-8000-000000000001".parse().expect("an id");
    let written = db.write(move |tx| {
        add(tx, "mallory is banned")?;
        tx.track(banned("mallory"))?.by("root").at(at).id(id);
        tx.track(banned("eve"))?;
        Ok(17)
    });
    let written = written.wait().expect("it can be written");
    assert_eq!(written.value, 17);
    let [mallory, eve] = written.deliveries.as_slice() else { panic!("two events: {written:?}") };
    let (mallory, eve) = (mallory.as_ref().expect("not refused"), eve.as_ref().expect("not refused"));
    assert_eq!(
        (mallory.id(), mallory.durability(), eve.durability()),
        (id, Durability::OnDisk, Durability::OnDisk)
    );
    assert_eq!(events(&files, "notes.db"), ["mallory", "eve"], "each once");
    let envelope = "SELECT id || ' ' || created || ' ' || actor_id FROM events WHERE seq = 1";
    assert_eq!(files.texts("notes.db", envelope), [format!("{id} 2026-11-22T11:57:54.619377Z root")]);
    let others = files.texts("notes.db", "SELECT id FROM events WHERE seq = 2");
    assert_eq!(others, [eve.id().to_string()]);

    // Never the one without the other.
    let failed = db.write(|tx| {
        add(tx, "a note without an event")?;
        tx.track(Measured { ratio: f64::NAN })?;
        Ok(())
    });
    assert!(matches!(failed.wait(), Err(Error::Properties(_))));
    let failed = db.write(|tx| {
        tx.track(banned("mallory"))?;
        add(tx, "mallory is banned")
    });
    assert!(matches!(failed.wait(), Err(Error::Sqlite { .. })));
    assert_eq!(notes(&files), ["mallory is banned"]);
    assert_eq!(events(&files, "notes.db"), ["mallory", "eve"]);

    // What is tracked without a write is stored as ever.
    app.track(banned("trent")).wait().expect("nothing refuses");
    assert_eq!(events(&files, "notes.db"), ["mallory", "eve", "trent"]);
}

#[test]
fn implementations_hear_the_events_of_a_write_in_order_and_see_what_was_written() {
    for same_file in [true, false] {
        let files = Files::new();
        let (sender, heard) = mpsc::channel();
        let path = files.path("notes.db");
        let hear = move |event: &Tracked<UserBanned>| {
            let db = event_sqlite::rusqlite::Connection::open(&path).expect("the file is there");
            let notes: i64 =
                db.query_row("SELECT count(*) FROM note", (), |row| row.get(0)).expect("it can be read");
            sender.send((event.user.clone(), notes)).expect("the test listens");
        };
        let builder = if same_file { builder(&files) } else { builder_apart(&files) };
        let (_app, db) = start(builder.on::<Tracked<UserBanned>, _>(hear));
        let written = db.write(|tx| {
            for user in ["mallory", "eve", "trent"] {
                tx.track(banned(user))?;
            }
            add(tx, "three at once")
        });
        written.wait().expect("it can be written").strict().expect("nothing fails");
        let heard: Vec<_> = heard.try_iter().collect();
        assert_eq!(heard, [("mallory".to_owned(), 1), ("eve".to_owned(), 1), ("trent".to_owned(), 1)]);
        assert_eq!(
            events(&files, if same_file { "notes.db" } else { "store.db" }),
            ["mallory", "eve", "trent"]
        );
    }
}

#[test]
fn a_write_that_fails_tracks_nothing() {
    for same_file in [true, false] {
        let files = Files::new();
        let heard = Arc::new(Mutex::new(0));
        let counter = heard.clone();
        let builder = if same_file { builder(&files) } else { builder_apart(&files) };
        let builder = builder
            .on::<Tracked<UserBanned>, _>(move |_| *counter.lock().expect("no test thread panics") += 1);
        let (app, db) = start(builder);
        let failing = |end: fn() -> event_sqlite::Result<()>| {
            let write = db.write(move |tx| {
                tx.track(banned("mallory"))?;
                end()
            });
            write.wait().expect_err("it fails");
        };
        failing(|| Err(Error::own("no")));
        failing(|| panic!("broken"));
        app.shutdown().wait().expect("everything is written");
        assert_eq!(*heard.lock().expect("no test thread panics"), 0);
        assert!(events(&files, if same_file { "notes.db" } else { "store.db" }).is_empty());
    }
}

#[hookimpl(track_event, essential)]
fn refuse_eve(event: &UserBanned) -> Result<(), String> {
    if event.user == "eve" { Err("not eve".to_owned()) } else { Ok(()) }
}

#[test]
fn a_failure_after_the_commit_is_beside_the_value_and_not_in_its_place() {
    let files = Files::new();
    let builder = builder(&files).hook(refuse_eve).failure_handler(|_| {});
    let builder = builder.on::<Tracked<UserBanned>, _>(|event| match event.user.as_str() {
        "mallory" => Err("mallory's mailbox is full"),
        _ => Ok(()),
    });
    let (_app, db) = start(builder);
    let written = db.write(|tx| {
        for user in ["mallory", "eve", "trent"] {
            tx.track(banned(user))?;
        }
        add(tx, "written")?;
        Ok("value")
    });
    let written = written.wait().expect("it is written");
    assert_eq!(written.value, "value");
    let causes: Vec<_> = written.failures().map(|failure| failure.cause().to_string()).collect();
    assert_eq!(causes, ["mallory's mailbox is full", "not eve"]);
    let ends: Vec<_> = written.deliveries.iter().map(Result::is_ok).collect();
    assert_eq!(ends, [true, false, true]);
    assert!(matches!(written.strict(), Err(event_core::Error::Failed(failures)) if failures.len() == 2));
    assert_eq!(notes(&files), ["written"]);
    assert_eq!(events(&files, "notes.db"), ["mallory", "eve", "trent"]);
}

#[test]
fn an_event_that_is_refused_after_its_commit_goes_to_the_failure_handler_once_whatever_its_caller_does() {
    for caller_waits in [true, false] {
        let files = Files::new();
        let (sender, handled) = mpsc::channel();
        let builder = builder(&files).hook(refuse_eve);
        let (app, db) = start(builder.failure_handler(move |failure| {
            sender.send(failure.to_line()).expect("the test listens");
        }));
        let release = hold(&db);
        let mut write = db.write(|tx| tx.track(banned("eve")).map(drop));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(std::future::Future::poll(std::pin::Pin::new(&mut write), &mut context).is_pending());
        if caller_waits {
            drop(release);
            let written = write.wait().expect("it is written");
            assert_eq!(written.failures().count(), 1);
        } else {
            drop(write);
            drop(release);
            db.write(|_| Ok(())).wait().expect("it is written, and so is the one before");
        }
        app.shutdown().wait().expect("everything is written");
        let lines: Vec<_> = handled.try_iter().collect();
        let [line] = lines.as_slice() else { panic!("once: {lines:?}") };
        assert!(line.contains("refuse_eve`") && line.ends_with("on event `user-banned`: not eve"), "{line}");
    }
}

#[test]
fn a_caller_that_stops_waiting_loses_no_event() {
    let files = Files::new();
    let (sender, heard) = mpsc::channel();
    let (app, db) = start(builder_apart(&files).on::<Tracked<UserBanned>, _>(move |event| {
        sender.send(event.user.clone()).expect("the test listens");
    }));
    let release = hold(&db);
    let mut write = Box::pin(db.write(|tx| tx.track(banned("mallory")).map(drop)));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::future::Future::poll(write.as_mut(), &mut context).is_pending());
    drop(write);
    drop(release);
    assert_eq!(heard.recv().expect("it is delivered"), "mallory");
    app.shutdown().wait().expect("everything is written");
    assert_eq!(events(&files, "store.db"), ["mallory"]);
}

#[test]
fn an_event_that_the_app_doesnt_know_is_an_error_where_it_is_tracked() {
    let files = Files::new();
    let (_app, db) = start(builder(&files));
    let written = db.write(|tx| {
        add(tx, "the closure may go on")?;
        Ok(tx.track(Unknown).map(drop).expect_err("it isn't known"))
    });
    let error = written.wait().expect("it is written").value;
    assert!(error.to_string().starts_with("failed to track event `unknown`"), "{error}");
    assert_eq!(notes(&files), ["the closure may go on"]);
}

#[test]
fn tracking_by_the_app_in_a_closure_of_the_stores_database_is_an_error_and_no_deadlock() {
    let files = Files::new();
    let (app, db) = start(builder(&files));
    let outer = app.clone();
    let inside =
        db.write(move |_| Ok(outer.track(banned("mallory")).wait().expect_err("it would wait for itself")));
    let error = inside.wait().expect("the closure itself is right").value;
    let event_core::Error::Refused(failure) = error else { panic!("another error: {error:?}") };
    assert!(failure.cause().to_string().contains("`tx.track(…)`"), "{failure:?}");
    assert!(events(&files, "notes.db").is_empty());
}

/// As a plugin that keeps a log of its own would, in one way or the other.
#[hookimpl(track_event)]
async fn note_it(app: &App, event: &UserBanned) -> event_sqlite::Result<()> {
    if let Some(user) = event.user.strip_prefix("async-") {
        let write = app.database("notes")?.write(write_again(user));
        write.await?.strict()?;
    }
    Ok(())
}

#[hookimpl(track_event)]
fn note_it_at_once(app: &App, event: &UserBanned) -> event_sqlite::Result<()> {
    if let Some(user) = event.user.strip_prefix("sync-") {
        app.database("notes")?.write(write_again(user)).wait()?.strict()?;
    }
    Ok(())
}

fn write_again(
    user: &str,
) -> impl FnOnce(&event_sqlite::Tx<'_>) -> event_sqlite::Result<()> + Send + 'static {
    let user = user.to_owned();
    move |tx| {
        add(tx, &user)?;
        tx.track(banned(&user))?;
        Ok(())
    }
}

#[test]
fn an_implementation_can_write_and_track_itself_and_wait_for_it() {
    let files = Files::new();
    let (app, db) = start(builder(&files).hook(note_it).hook(note_it_at_once));
    let written = db.write(|tx| {
        tx.track(banned("sync-async-sync-mallory"))?;
        tx.track(banned("async-sync-async-eve"))?;
        Ok(())
    });
    written.wait().expect("it can be written").strict().expect("nothing fails");
    app.track(banned("sync-async-trent")).wait().expect("nothing refuses").strict().expect("nothing fails");
    let expected = ["async-sync-mallory", "sync-mallory", "mallory", "sync-async-eve", "async-eve", "eve"];
    assert_eq!(notes(&files), [&expected[..], &["async-trent", "trent"]].concat());
    assert_eq!(events(&files, "notes.db").len(), 11);
}

/// The delivery thread goes on with other writes while an `async fn` waits.
#[test]
fn a_slow_implementation_holds_up_no_other_write() {
    let files = Files::new();
    let (sender, receiver) = futures_channel::oneshot::channel::<()>();
    let (arrives, at_gate) = mpsc::channel();
    let gate = Gate(Mutex::new(Some((arrives, receiver))));
    let (_app, db) = start(builder(&files).insert(gate).hook(wait_at_the_gate));
    let slow = std::thread::spawn({
        let db = db.clone();
        move || db.write(|tx| tx.track(banned("slow")).map(drop)).wait()
    });
    at_gate.recv().expect("the slow one comes to the gate");
    let quick = db.write(|tx| tx.track(banned("quick")).map(drop)).wait();
    quick.expect("it can be written").strict().expect("nothing fails");
    sender.send(()).expect("the slow one waits");
    slow.join().expect("it doesn't panic").expect("it can be written").strict().expect("nothing fails");
}

type Waits = (mpsc::Sender<()>, futures_channel::oneshot::Receiver<()>);
struct Gate(Mutex<Option<Waits>>);

#[hookimpl(track_event)]
async fn wait_at_the_gate(app: &App, event: &UserBanned) -> event_core::Result<()> {
    if event.user == "slow" {
        let gate = app.state::<Gate>()?.0.lock().expect("no test thread panics").take();
        let (arrives, opened) = gate.expect("it is passed once");
        arrives.send(()).expect("the test waits");
        let _ = opened.await;
    }
    Ok(())
}

/// A trigger sees each attempt, also one that finds the id there.
#[test]
fn an_event_that_its_write_has_stored_is_not_stored_again_when_it_is_delivered() {
    let files = Files::new();
    let (app, db) = start(builder(&files));
    let count = "CREATE TABLE attempt (id TEXT);
                 CREATE TRIGGER attempts BEFORE INSERT ON events BEGIN INSERT INTO attempt VALUES (new.id); END";
    db.write(move |tx| Ok(tx.execute_batch(count)?)).wait().expect("it can be written");
    let written = db.write(|tx| {
        tx.track(banned("mallory"))?;
        tx.track(banned("eve"))?;
        Ok(())
    });
    written.wait().expect("it can be written");
    app.track(banned("trent")).wait().expect("nothing refuses");
    let attempts: Vec<i64> = files.rows("notes.db", "SELECT count(*) FROM attempt", (), |row| row.get(0));
    assert_eq!(attempts, [3]);
}

/// A value whose `drop` panics when no caller is left to take it.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "the bomb goes off");
    }
}

#[test]
fn the_writer_outlives_a_value_that_panics_when_it_is_dropped() {
    let files = Files::new();
    let (_app, db) = start(builder(&files));
    let release = hold(&db);
    let mut write = Box::pin(db.write(|_| Ok(Bomb)));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::future::Future::poll(write.as_mut(), &mut context).is_pending());
    drop(write);
    drop(release);
    db.write(|tx| add(tx, "after")).wait().expect("the writer is there");
}
