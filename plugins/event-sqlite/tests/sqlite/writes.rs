//! What a closure that writes can do, what it can't, and what becomes of the others that are written with it.

use std::future::Future;
use std::sync::mpsc;

use event_core::prelude::*;
use event_sqlite::rusqlite::{Connection, ErrorCode};
use event_sqlite::{Database, Error, SqliteExt, Tx};

use crate::files::{Files, banned};

/// A database with a table, in an app that keeps its events elsewhere.
pub(crate) fn notes(files: &Files) -> (App, Database) {
    let app = files.start(json!({
        "databases": { "notes": { "path": "notes.db" } },
        "store": { "path": "store.db" },
    }));
    let notes = app.database("notes").expect("it is there");
    notes
        .execute_write("CREATE TABLE note (text TEXT NOT NULL UNIQUE)", ())
        .wait()
        .expect("it can be written");
    (app, notes)
}

pub(crate) fn add(tx: &Tx<'_>, text: &str) -> event_sqlite::Result<()> {
    tx.execute("INSERT INTO note VALUES (?)", (text,))?;
    Ok(())
}

fn texts(files: &Files) -> Vec<String> {
    files.texts("notes.db", "SELECT text FROM note ORDER BY rowid")
}

/// Keeps the writer busy until the sender is used or dropped: what is asked for in between waits together.
#[must_use]
pub(crate) fn hold(database: &Database) -> mpsc::Sender<()> {
    let (sender, receiver) = mpsc::channel::<()>();
    let (runs, is_running) = mpsc::channel();
    let held = database.clone();
    std::thread::spawn(move || {
        held.write(move |_| {
            runs.send(()).expect("the test waits for it");
            let _ = receiver.recv();
            Ok(())
        })
        .wait()
    });
    is_running.recv().expect("the writer comes to it");
    sender
}

pub(crate) type Closure<T> = dyn FnOnce(&Tx<'_>) -> event_sqlite::Result<T> + Send;

/// Asks for all of these writes while the writer is busy, so that they are one batch, and gives their outcomes.
pub(crate) fn together<T: Send + 'static>(
    database: &Database,
    closures: Vec<Box<Closure<T>>>,
) -> Vec<event_sqlite::Result<T>> {
    let release = hold(database);
    let mut writes: Vec<_> = closures.into_iter().map(|closure| Box::pin(database.write(closure))).collect();
    // The first poll puts a write into the queue.
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for write in &mut writes {
        assert!(write.as_mut().poll(&mut context).is_pending(), "the writer is busy");
    }
    drop(release);
    writes.into_iter().map(|write| pollster::block_on(write).map(|written| written.value)).collect()
}

#[test]
fn what_is_written_is_there_when_the_write_returns_and_a_read_sees_it() {
    let files = Files::new();
    let (_app, notes) = notes(&files);
    let written = notes.write(|tx| {
        add(tx, "one")?;
        add(tx, "two")?;
        Ok(tx.last_insert_rowid())
    });
    assert_eq!(written.wait().expect("it can be written").value, 2);
    assert_eq!(texts(&files), ["one", "two"]);
    let changed = notes.execute_write("UPDATE note SET text = text || ?", ("!",)).wait();
    assert_eq!(changed.expect("it can be written"), 2);
    let count =
        notes.read(|db| Ok(db.query_row("SELECT count(*) FROM note", (), |row| row.get::<_, i64>(0))?));
    assert_eq!(count.wait().expect("it can be read"), 2);
}

#[test]
fn writes_that_wait_together_are_one_transaction_and_see_each_other() {
    let files = Files::new();
    let (_app, notes) = notes(&files);
    let path = notes.path().to_owned();
    let outcomes = together(
        &notes,
        vec![
            Box::new(|tx| add(tx, "first").map(|()| (0, 0))),
            Box::new(move |tx| {
                let count = "SELECT count(*) FROM note";
                let inside = tx.query_row(count, (), |row| row.get(0))?;
                let outside = Connection::open(path)?.query_row(count, (), |row| row.get(0))?;
                Ok((inside, outside))
            }),
        ],
    );
    let outcomes: Vec<(i64, i64)> = outcomes.into_iter().map(|it| it.expect("it can be written")).collect();
    assert_eq!(outcomes[1], (1, 0), "the first isn't committed while the second runs");
}

#[test]
fn an_error_or_a_panic_undoes_its_own_closure_and_the_others_are_written() {
    let files = Files::new();
    let (_app, notes) = notes(&files);
    let outcomes = together(
        &notes,
        vec![
            Box::new(|tx| add(tx, "before")),
            Box::new(|tx| add(tx, "own error").and(Err(Error::own("no such user")))),
            Box::new(|tx| add(tx, "twice").and(add(tx, "twice"))),
            Box::new(|tx| {
                add(tx, "panic")?;
                panic!("the closure is broken")
            }),
            Box::new(|tx| add(tx, "after")),
        ],
    );
    let errors: Vec<_> = outcomes.iter().map(|it| it.as_ref().err().map(ToString::to_string)).collect();
    let path = files.path("notes.db");
    assert_eq!(errors[0], None);
    assert_eq!(errors[1].as_deref(), Some("no such user"));
    assert_eq!(errors[2], Some(format!("failed to use {}", path.display())));
    let panicked = "the closure panicked, and its writes are rolled back: the closure is broken";
    assert_eq!(errors[3], Some(format!("failed to write to {}: {panicked}", path.display())));
    assert_eq!(errors[4], None);
    assert_eq!(texts(&files), ["before", "after"]);
}

#[derive(Debug)]
struct NoSuchUser(u64);

impl std::fmt::Display for NoSuchUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "there is no user {}", self.0)
    }
}

impl std::error::Error for NoSuchUser {}

#[test]
fn an_error_of_the_applications_own_comes_back_as_what_it_is() {
    let files = Files::new();
    let (_app, notes) = notes(&files);
    let error = notes.write(|_| Err::<(), _>(Error::own(NoSuchUser(17)))).wait().expect_err("it says no");
    assert_eq!(error.downcast_ref::<NoSuchUser>().map(|it| it.0), Some(17));
}

#[test]
fn a_closure_can_have_savepoints_and_cant_end_the_transaction() {
    let files = Files::new();
    let (_app, notes) = notes(&files);
    let outcomes = together(
        &notes,
        vec![
            Box::new(|tx| add(tx, "before")),
            Box::new(|tx| add(tx, "committed").and(Ok(tx.execute_batch("COMMIT")?))),
            Box::new(|tx| {
                add(tx, "rolled back").and(Ok(tx.prepare_cached("ROLLBACK")?.execute(()).map(drop)?))
            }),
            Box::new(|tx| {
                tx.execute_batch("SAVEPOINT mine")?;
                add(tx, "not wanted")?;
                tx.execute_batch("ROLLBACK TO mine; RELEASE mine")?;
                add(tx, "after")
            }),
        ],
    );
    assert!(outcomes[0].is_ok() && outcomes[3].is_ok(), "{outcomes:?}");
    for refused in &outcomes[1..=2] {
        let error = refused.as_ref().expect_err("it isn't allowed");
        assert_eq!(error.code(), Some(ErrorCode::AuthorizationForStatementDenied));
        assert!(error.to_string().contains("a closure can't begin, commit or roll back"), "{error}");
    }
    assert_eq!(texts(&files), ["before", "after"]);
}

#[test]
fn using_the_same_database_by_an_outer_handle_in_a_closure_is_an_error_and_no_deadlock() {
    let files = Files::new();
    let (app, notes) = notes(&files);
    let outer = notes.clone();
    let inside = notes.write(move |tx| {
        add(tx, "outer")?;
        let write = outer.execute_write("DELETE FROM note", ()).wait();
        let read = outer.read(|_| Ok(())).wait();
        Ok((write.expect_err("it would wait for itself"), read.expect_err("it wouldn't see the note")))
    });
    let (write, read) = inside.wait().expect("the closure itself is right").value;
    assert!(matches!(write, Error::Inside { .. }), "{write:?}");
    assert!(matches!(read, Error::Inside { .. }), "{read:?}");

    let outer = notes.clone();
    let inside = notes.read(move |_| {
        outer.execute_write("INSERT INTO note VALUES ('from a read')", ()).wait()?;
        Ok(outer.read(|_| Ok(())).wait().expect_err("all readers may wait like this one"))
    });
    assert!(matches!(inside.wait(), Ok(Error::Inside { .. })));
    assert_eq!(texts(&files), ["outer", "from a read"]);

    // The store is in another file, so this waits for another writer.
    let tracking = app.clone();
    let tracked = notes.write(move |_| Ok(tracking.track(banned("mallory")).wait()?));
    tracked.wait().expect("nothing refuses").value.strict().expect("nothing fails");
}

#[test]
fn a_write_that_nobody_waits_for_any_more_is_written() {
    let files = Files::new();
    let (app, notes) = notes(&files);
    let release = hold(&notes);
    let mut write = Box::pin(notes.write(|tx| add(tx, "dropped")));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(write.as_mut().poll(&mut context).is_pending());
    drop(write);
    // Never polled, it is never asked for.
    drop(notes.write(|tx| add(tx, "not asked for")));
    drop(release);
    app.shutdown().wait().expect("everything is written");
    assert_eq!(texts(&files), ["dropped"]);
}

/// What both wait for is done by the one thread of the runtime, which a write or a read that kept it would never let.
#[test]
fn a_write_and_a_read_keep_no_thread_of_a_runtime() {
    let files = Files::new();
    let (_app, notes) = notes(&files);
    let test = |notes: Database| async move {
        let release = hold(&notes);
        let (sender, receiver) = mpsc::channel::<()>();
        let write = notes.write(|tx| add(tx, "waits"));
        let read = notes.read(move |_| {
            let _ = receiver.recv();
            Ok(())
        });
        let mut both = Box::pin(async { (write.await, read.await) });
        let mut released = Some((release, sender));
        std::future::poll_fn(move |context| {
            let poll = both.as_mut().poll(context);
            drop(released.take());
            poll
        })
        .await
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (write, read) = runtime.block_on(test(notes.clone()));
    write.expect("it comes to an end");
    read.expect("it comes to an end");
    notes.execute_write("DELETE FROM note", ()).wait().expect("it can be written");
    let (write, read) = smol::block_on(test(notes));
    write.expect("it comes to an end");
    read.expect("it comes to an end");
}

#[test]
fn reads_run_at_the_same_time_and_each_sees_one_state() {
    let files = Files::new();
    let (_app, notes) = notes(&files);
    let (to_second, from_first) = mpsc::channel();
    let (to_first, from_second) = mpsc::channel();
    let count =
        |db: &Connection| Ok(db.query_row("SELECT count(*) FROM note", (), |row| row.get::<_, i64>(0))?);
    // Each waits for the other: one after the other would never end.
    let first = notes.read(move |db| {
        let before = count(db)?;
        to_second.send(()).expect("the second waits");
        from_second.recv().expect("the second is there");
        Ok((before, count(db)?))
    });
    let writer = notes.clone();
    let second = notes.read(move |_| {
        from_first.recv().expect("the first is there");
        writer.execute_write("INSERT INTO note VALUES ('new')", ()).wait()?;
        to_first.send(()).expect("the first waits");
        Ok(())
    });
    let first = std::thread::spawn(|| first.wait());
    second.wait().expect("it can be written");
    let counts = first.join().expect("it doesn't panic").expect("it can be read");
    assert_eq!(counts, (0, 0));
    assert_eq!(notes.read(count).wait().expect("it can be read"), 1);
}

#[test]
fn a_panic_of_a_read_is_its_callers_error_and_the_next_read_works() {
    let files = Files::new();
    let (_app, notes) = notes(&files);
    for _ in 0..5 {
        let error =
            notes.read(|_| -> event_sqlite::Result<()> { panic!("broken") }).wait().expect_err("it panics");
        assert!(matches!(&error, Error::Panicked { message, .. } if message == "broken"), "{error:?}");
    }
    let error =
        notes.read(|db| Ok(db.execute("DELETE FROM note", ())?)).wait().expect_err("it can only read");
    assert_eq!(error.code(), Some(ErrorCode::ReadOnly));
    assert_eq!(error.path(), Some(files.path("notes.db").as_path()));
    notes.read(|_| Ok(())).wait().expect("it can be read");
}
