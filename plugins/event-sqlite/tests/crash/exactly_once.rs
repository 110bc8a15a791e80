//! What implementations write whose writes record that they are delivered, in processes that are killed and stopped.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use event_core::AppBuilder;
use event_core::durable::{Delivery, Rejected};
use event_core::prelude::*;
use event_sqlite::rusqlite::Connection;
use event_sqlite::{DeliveryExt, SqliteExt};

use crate::chance::{Chance, runs};
use crate::consumers::{Consumers, deliver, says_what_is_buried};
use crate::delivered::events;
use crate::kept::look;
use crate::kill_delivering::settling;
use crate::several::{Running, interrupt};
use crate::shutdown::pause;
use crate::writer::{Killed, Task, Told, run_and_hear};

const CONSUMERS: [&str; 3] = ["one_by_one", "by_producer", "in_any_order"];

/// Nothing in the table refuses an event that comes twice.
#[hookimpl(startup)]
fn make_the_table(app: &App) -> event_sqlite::Result<()> {
    let create = "CREATE TABLE IF NOT EXISTS effect (consumer TEXT, id TEXT)";
    app.database("app")?.execute_write(create, ()).wait().map(drop)
}

/// One row for each event, in the write that records that it is delivered.
async fn insert(
    app: &App,
    event: &Tracked,
    delivery: &Delivery,
    consumer: &'static str,
) -> event_sqlite::Result<()> {
    let (delivery, id) = (delivery.clone(), event.id().to_string());
    let written = app.database("app")?.write(move |tx| {
        tx.prepare_cached("INSERT INTO effect VALUES (?, ?)")?.execute((consumer, id))?;
        delivery.done_in(tx)
    });
    written.await.map(drop)
}

#[hookimpl(track_event, durable)]
fn one_by_one(app: &App, event: &Tracked, delivery: &Delivery) -> event_sqlite::Result<()> {
    pollster::block_on(insert(app, event, delivery, "one_by_one"))
}

#[hookimpl(track_event, durable(key = "producer", concurrency = 4))]
async fn by_producer(app: &App, event: &Tracked, delivery: &Delivery) -> event_sqlite::Result<()> {
    insert(app, event, delivery, "by_producer").await
}

/// Fails now and then after its write, and rejects some events until the process that settles, in which they are dead letters that are
/// retried.
#[hookimpl(track_event, durable(unordered))]
async fn in_any_order(
    app: &App,
    event: &Tracked,
    delivery: &Delivery,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (_, number) = event.id().as_u64_pair();
    if number % 11 == 5 && !app.state::<Consumers>()?.settles {
        return Err(Rejected::new("not now").into());
    }
    insert(app, event, delivery, "in_any_order").await?;
    if number % 7 == 3 && delivery.attempt() == 1 { Err("it fails after its write".into()) } else { Ok(()) }
}

pub(crate) fn hook_into(app: AppBuilder, consumers: &Consumers) -> AppBuilder {
    deliver(app)
        .insert(consumers.clone())
        .hook(make_the_table)
        .hook(one_by_one)
        .hook(by_producer)
        .hook(in_any_order)
        .hook(says_what_is_buried)
}

fn task(file: &Path, next: Told) -> Task {
    let consumers = Consumers { exactly_once: true, ..Consumers::default() };
    Task { consumers: Some(consumers), ..Task::endless(file.to_owned(), next) }
}

/// Each consumer has written each event once.
fn check(file: &Path) {
    let connection = Connection::open(file).expect("it is there");
    let sql = "SELECT count(*) FROM effect WHERE consumer = ? AND id = ?";
    connection.execute("CREATE INDEX by_id ON effect (id, consumer)", ()).expect("it can be written");
    let mut statement = connection.prepare(sql).expect("there is such a table");
    let events = events(file);
    for consumer in CONSUMERS {
        let mut wrong = Vec::new();
        for (place, (id, _)) in events.iter().enumerate() {
            let times: u32 =
                statement.query_row((consumer, id.to_string()), |row| row.get(0)).expect("it can be counted");
            wrong.extend((times != 1).then_some((place, times)));
        }
        assert!(wrong.is_empty(), "`{consumer}` of {} events: {wrong:?} (place, times)", events.len());
    }
    println!("each of {} events is in the table once", events.len());
}

#[test]
fn a_write_that_records_its_delivery_is_made_once_whenever_the_process_is_killed() {
    const RUNS_OF_A_FILE: u64 = 10;
    let (mut chance, runs) = (Chance::new(), runs(20));
    for first in (0..runs).step_by(10) {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let file = directory.path().join("app.db");
        let mut next = Told::default();
        for _ in first..runs.min(first + RUNS_OF_A_FILE) {
            let moment = chance.up_to(Duration::from_millis(40));
            let killed = Killed::AfterLines(chance.below(200), moment);
            next = run_and_hear(&task(&file, next), killed, |_| {}, |_| {}).told;
            if chance.below(3) == 0 {
                // In which dead letters are retried, too.
                let moment = chance.up_to(Duration::from_millis(400));
                let process = Running::start(&settling(task(&file, next)));
                pause(moment);
                process.kill();
            }
        }
        assert!(run_and_hear(&settling(task(&file, next)), Killed::Never, |_| {}, |_| {}).ended);
        assert_eq!(look(&file, &next).lost, 0);
        check(&file);
    }
}

#[test]
fn a_write_that_records_its_delivery_is_made_once_by_several_processes_that_are_killed_and_stopped() {
    let rounds = runs(3).div_ceil(20).max(3);
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("app.db");
    let (chance, next_producer) = (Mutex::new(Chance::new()), AtomicU32::new(0));
    let begin = |first_producer| Task { first_producer, ..task(&file, Told::default()) };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| interrupt(&chance, &begin, &next_producer, rounds));
        }
    });
    let last = Task { first_producer: 1_000_000, ..settling(task(&file, Told::default())) };
    let complaints = Running::start(&last).join().complaints;
    assert!(!complaints.contains("panicked"), "{complaints}");
    check(&file);
}
