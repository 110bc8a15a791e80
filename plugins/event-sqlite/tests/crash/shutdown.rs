//! A shutdown that is dropped at any await and asked for again, with readers open.

use std::future::{Future, IntoFuture};
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use event_core::prelude::*;
use event_sqlite::rusqlite::Connection;
use event_sqlite::{Database, SqliteExt};

use crate::chance::{Chance, runs};
use crate::writer::{Counted, PRODUCERS, Task, Told, app, id};

/// How many events of each producer wait when the app shuts down.
pub(crate) const WAITING: u32 = 25;

#[test]
fn a_shutdown_that_is_dropped_at_any_await_and_repeated_leaves_a_file_that_alone_has_every_receipt() {
    let mut chance = Chance::new();
    let runs = runs(30);
    let (mut dropped, mut locked) = (0, 0);
    for run in 0..runs {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let task = Task::endless(directory.path().join("app.db"), Told::default());
        let enqueued = json!({ "plugins": { "event-sqlite": { "store": { "ack": "enqueued" } } } });
        let app = app(&task).config(enqueued).start().wait().expect("the app starts");
        let database = app.database("app").expect("it is there");
        // Then the file can't be written for a while.
        let lock = chance.coin().then(|| lock(&task));
        locked += u32::from(lock.is_some());
        let readers: Vec<_> = (0..chance.below(3)).map(|_| Reader::start(&database)).collect();
        track_all(&app, 0);

        let polls = chance.below(4);
        for _ in 0..chance.below(3) {
            dropped += u32::from(drop_after(&app, polls, chance.up_to(Duration::from_millis(3))));
        }
        drop(lock);
        let moment = chance.up_to(Duration::from_millis(1));
        let shutdown = std::thread::scope(|scope| {
            // Readers that end before, while and after the store is closed.
            scope.spawn(|| {
                pause(moment);
                drop(readers);
            });
            app.shutdown().wait()
        });
        shutdown.unwrap_or_else(|error| panic!("run {run}: {error}"));
        let alone = directory.path().join("alone.db");
        std::fs::copy(&task.file, &alone).expect("it can be copied");
        assert_eq!(count(&alone), [WAITING; PRODUCERS], "run {run}: {polls} polls");
    }
    println!(
        "{runs} shutdowns, of which {dropped} were dropped before their end, {locked} with a locked file"
    );
    assert!(dropped > 0 && locked > 0, "{dropped} dropped, {locked} locked: this test tests nothing");
}

/// What comes after the events of so many earlier times.
pub(crate) fn track_all(app: &App, times: u32) {
    std::thread::scope(|scope| {
        for producer in 0..u32::try_from(PRODUCERS).expect("they are few") {
            scope.spawn(move || {
                for number in times * WAITING..(times + 1) * WAITING {
                    let event = Counted { producer, number, filler: String::new() };
                    app.track(event).id(id(producer, number)).wait().expect("it is put into the queue");
                }
            });
        }
    });
}

/// Whether the shutdown was dropped before its end.
pub(crate) fn drop_after(app: &App, polls: u64, between: Duration) -> bool {
    let mut shutdown = pin!(app.shutdown().into_future());
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if shutdown.as_mut().poll(&mut context).is_ready() {
            return false;
        }
        pause(between);
    }
    polls > 0
}

fn lock(task: &Task) -> Connection {
    let connection = Connection::open(&task.file).expect("it is there");
    connection.busy_timeout(Duration::from_mins(1)).expect("it can be set");
    connection.execute_batch("BEGIN IMMEDIATE").expect("it can be locked");
    connection
}

/// A read that is in the middle of a transaction until this is dropped.
struct Reader {
    end: Option<mpsc::Sender<()>>,
}

impl Reader {
    fn start(database: &Database) -> Self {
        let (end, ended) = mpsc::channel::<()>();
        let began = Arc::new(Barrier::new(2));
        let (database, at_start) = (database.clone(), began.clone());
        std::thread::spawn(move || {
            let read = database.read(move |db| {
                let count: u32 = db.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
                at_start.wait();
                let _ = ended.recv();
                Ok(count)
            });
            let _ = read.wait();
        });
        began.wait();
        Self { end: Some(end) }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.end = None;
    }
}

/// Gives other threads the processor for so long.
pub(crate) fn pause(time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        std::thread::yield_now();
    }
}

/// How many events of each producer are in a file, each once and in order.
fn count(file: &Path) -> Told {
    let connection = Connection::open(file).expect("it is there");
    let sql = "SELECT properties ->> '$.producer', properties ->> '$.number' FROM events ORDER BY seq";
    let mut statement = connection.prepare(sql).expect("the store has its table");
    let rows = statement.query_map((), |row| Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?)));
    let mut events = Told::default();
    for row in rows.expect("it can be read") {
        let (producer, number) = row.expect("it can be read");
        let next = &mut events[producer as usize];
        assert_eq!(number, *next, "producer {producer}");
        *next += 1;
    }
    events
}
