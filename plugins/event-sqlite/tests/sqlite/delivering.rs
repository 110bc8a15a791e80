//! Many writes whose events are delivered at the same time, to implementations that wait on their thread.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use event_core::prelude::*;
use event_sqlite::{Database, SqliteExt, Waiting, Written};

use crate::files::{Files, UserBanned, banned};
use crate::writes::hold;

/// How many writes: these overflowed a stack when each delivery ran on top of the one before. `.ci/crash` takes more.
fn many() -> u32 {
    let more = std::env::var("EVENT_SQLITE_DELIVERIES").ok();
    more.map_or(2_000, |more| more.parse().expect("EVENT_SQLITE_DELIVERIES is a number"))
}

#[derive(Event)]
struct Noted {
    rows: u32,
}

fn start(
    files: &Files,
    with: impl FnOnce(event_core::AppBuilder) -> event_core::AppBuilder,
) -> (App, Database) {
    let builder = files.app(json!({
        "databases": { "notes": { "path": "notes.db", "synchronous": "normal" } },
        "store": { "enabled": false },
    }));
    let app = with(builder.event::<Noted>()).start().wait().expect("the app starts");
    let notes = app.database("notes").expect("it is there");
    notes.execute_write("CREATE TABLE stat (n INTEGER)", ()).wait().expect("it can be written");
    notes.execute_write("INSERT INTO stat VALUES (0)", ()).wait().expect("it can be written");
    (app, notes)
}

/// Asks for so many writes that track, so that their deliveries are ready at once; waits for all.
fn at_once(notes: &Database, count: u32) {
    let release = hold(notes);
    let mut context = Context::from_waker(Waker::noop());
    let mut writes: Vec<Waiting<Written<()>>> = Vec::new();
    for _ in 0..count {
        let mut write = notes.write(|tx| tx.track(banned("mallory")).map(drop));
        assert!(
            Future::poll(std::pin::Pin::new(&mut write), &mut context).is_pending(),
            "the writer is busy"
        );
        writes.push(write);
    }
    drop(release);
    for write in writes {
        write.wait().expect("it can be written").strict().expect("nothing fails");
    }
}

fn count(notes: &Database) -> u32 {
    notes
        .read(|db| Ok(db.query_row("SELECT n FROM stat", (), |row| row.get(0))?))
        .wait()
        .expect("it can be read")
}

const ADD: &str = "UPDATE stat SET n = n + 1";

#[hookimpl(track_event)]
fn write_and_wait(app: &App, event: &UserBanned) -> event_sqlite::Result<()> {
    assert_eq!(event.user, "mallory");
    app.database("notes")?.execute_write(ADD, ()).wait().map(drop)
}

#[test]
fn implementations_that_wait_for_a_write_overflow_no_stack_however_many_there_are() {
    let files = Files::new();
    let (_app, notes) = start(&files, |builder| builder.hook(write_and_wait));
    at_once(&notes, many());
    assert_eq!(count(&notes), many());
}

#[hookimpl(track_event)]
fn read_and_wait(app: &App, event: &UserBanned) -> event_sqlite::Result<()> {
    assert_eq!(event.user, "mallory");
    app.database("notes")?.read(|db| Ok(db.query_row("SELECT n FROM stat", (), |_| Ok(()))?)).wait()
}

#[test]
fn implementations_that_wait_for_a_read_overflow_no_stack_however_many_there_are() {
    let files = Files::new();
    let (_app, notes) = start(&files, |builder| builder.hook(read_and_wait));
    at_once(&notes, many());
}

/// What each waits for has its turn behind all others.
#[hookimpl(track_event)]
fn track_and_wait(app: &App, event: &UserBanned) -> event_sqlite::Result<()> {
    assert_eq!(event.user, "mallory");
    let written = app.database("notes")?.write(|tx| tx.track(Noted { rows: 1 }).map(drop)).wait()?;
    assert_eq!(written.deliveries.len(), 1);
    Ok(written.strict()?)
}

#[hookimpl(track_event)]
fn write_when_noted(app: &App, event: &Noted) -> event_sqlite::Result<()> {
    assert_eq!(event.rows, 1);
    app.database("notes")?.execute_write(ADD, ()).wait().map(drop)
}

#[test]
fn implementations_that_wait_for_a_write_that_tracks_get_its_delivery_before_the_others() {
    let files = Files::new();
    let (_app, notes) = start(&files, |builder| builder.hook(track_and_wait).hook(write_when_noted));
    at_once(&notes, many());
    assert_eq!(count(&notes), many());
}

/// What each waits for isn't known to be caused by it.
#[hookimpl(track_event)]
fn track_on_a_thread_and_wait(app: &App, event: &UserBanned) -> event_sqlite::Result<()> {
    assert_eq!(event.user, "mallory");
    let notes = app.database("notes")?;
    let on_a_thread = move |_: &event_sqlite::Tx<'_>| {
        let thread =
            std::thread::spawn(move || notes.write(|tx| tx.track(Noted { rows: 1 }).map(drop)).wait());
        thread.join().expect("it doesn't panic").map(drop)
    };
    app.database("other")?.write(on_a_thread).wait().map(drop)
}

#[test]
fn implementations_that_wait_for_what_isnt_known_to_be_theirs_come_to_an_end() {
    let files = Files::new();
    let (app, notes) =
        start(&files, |builder| builder.hook(track_on_a_thread_and_wait).hook(write_when_noted));
    app.add_database("other", event_sqlite::DatabaseOptions::new(files.path("other.db"))).expect("it is new");
    at_once(&notes, 40);
    assert_eq!(count(&notes), 40);
}

/// It waits on its thread for a channel that only another delivery fills, after it has waited for a write.
#[test]
fn an_implementation_goes_on_while_another_one_waits_that_began_after_it() {
    let files = Files::new();
    let (sender, receiver) = std::sync::mpsc::channel();
    let both = (sender, Mutex::new(receiver), AtomicU32::new(0));
    let both = Arc::new(both);
    let (app, notes) = start(&files, |builder| builder.insert(Meeting(both)).hook(meet));
    at_once(&notes, 2);
    app.shutdown().wait().expect("everything is written");
}

type Both = (std::sync::mpsc::Sender<()>, Mutex<std::sync::mpsc::Receiver<()>>, AtomicU32);
struct Meeting(Arc<Both>);

#[hookimpl(track_event)]
fn meet(app: &App, event: &UserBanned) -> event_sqlite::Result<()> {
    assert_eq!(event.user, "mallory");
    let (sender, receiver, arrived) = &*app.state::<Meeting>()?.0;
    if arrived.fetch_add(1, Ordering::Relaxed) == 0 {
        app.database("notes")?.execute_write(ADD, ()).wait()?;
        sender.send(()).expect("the other one waits");
    } else {
        receiver.lock().expect("one waits").recv().expect("the first one sends");
    }
    Ok(())
}

#[test]
fn writes_begin_to_be_delivered_in_their_order_while_implementations_wait() {
    let files = Files::new();
    let (sender, heard) = std::sync::mpsc::channel();
    let (_app, notes) = start(&files, |builder| builder.insert(Heard(sender)).hook(say_and_wait));
    let release = hold(&notes);
    let mut context = Context::from_waker(Waker::noop());
    let mut writes = Vec::new();
    for number in 0..200_u32 {
        let mut write = notes.write(move |tx| tx.track(banned(&number.to_string())).map(drop));
        assert!(Future::poll(std::pin::Pin::new(&mut write), &mut context).is_pending());
        writes.push(write);
    }
    drop(release);
    for write in writes {
        write.wait().expect("it can be written").strict().expect("nothing fails");
    }
    let heard: Vec<u32> = heard.try_iter().collect();
    assert_eq!(heard, (0..200).collect::<Vec<_>>());
}

struct Heard(std::sync::mpsc::Sender<u32>);

#[hookimpl(track_event)]
fn say_and_wait(app: &App, event: &UserBanned) -> event_sqlite::Result<()> {
    let number: u32 = event.user.parse().expect("it is a number");
    app.state::<Heard>()?.0.send(number).expect("the test listens");
    if number.is_multiple_of(3) {
        app.database("notes")?.execute_write(ADD, ()).wait()?;
    }
    Ok(())
}

#[test]
fn a_write_that_tracks_much_is_not_delivered_whole_before_the_next_has_its_turn() {
    let files = Files::new();
    let (sender, heard) = std::sync::mpsc::channel();
    let (_app, notes) = start(&files, |builder| builder.insert(Heard(sender)).hook(ask_for_another));
    let much =
        notes.write(|tx| (0..1_000).try_for_each(|number| tx.track(banned(&number.to_string())).map(drop)));
    much.wait().expect("it can be written").strict().expect("nothing fails");
    let heard: Vec<u32> = heard.try_iter().collect();
    let place = heard.iter().position(|number| *number == ANOTHER).expect("it was heard");
    assert!(place < 500 && heard.len() == 1_001, "it came after {place} of {}", heard.len());
}

const ANOTHER: u32 = 1_000_000;

#[hookimpl(track_event)]
fn ask_for_another(app: &App, event: &UserBanned) -> event_sqlite::Result<()> {
    let number: u32 = event.user.parse().expect("it is a number");
    app.state::<Heard>()?.0.send(number).expect("the test listens");
    if number == 0 {
        let notes = app.database("notes")?;
        let mut another = notes.write(|tx| tx.track(banned(&ANOTHER.to_string())).map(drop));
        let asked = Future::poll(std::pin::Pin::new(&mut another), &mut Context::from_waker(Waker::noop()));
        assert!(asked.is_pending());
        // Behind the other one: that one is committed then, and ready to be delivered.
        notes.execute_write(ADD, ()).wait()?;
    }
    Ok(())
}
