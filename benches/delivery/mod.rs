//! What durable implementations cost.

mod consumers;
mod letters;

use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use event_core::AppBuilder;
use event_core::prelude::*;
use event_journal::JournalExt;
use event_sqlite::SqliteExt;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use self::consumers::Moved;
use crate::row::Row;
use crate::sqlite::disk::File;
use crate::sqlite::{ours, raw};
use crate::stopwatch::{median_of, middle, time};

const ROUNDS: usize = 5;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![one_by_one(), in_batches(), by_key()];
    rows.extend([waiting(false), waiting(true)]);
    rows.extend([1, 8].map(enqueued));
    rows.extend([1, 8].map(awaited));
    rows.extend([until_the_call(), first_of_a_million(), beside_a_stuck_one(), exactly_once()]);
    rows.extend([letters::delivered_again(), idle()]);
    rows
}

/// An app with the hooks of the delivery, and these consumers.
fn app(path: &Path, ack: &str, with: impl FnOnce(AppBuilder) -> AppBuilder) -> App {
    let builder = ours::builder(path, ack)
        .hook(event_journal::open_the_journal)
        .hook(event_journal::begin_to_deliver)
        .hook(event_journal::stop_delivering);
    with(builder).start().wait().expect("nothing is wrong with it")
}

fn fill(path: &Path, count: u64) {
    ours::sustained(path, count);
}

fn settle(app: &App) {
    app.deliveries().expect("the journal is open").settled().wait().expect("it runs");
}

fn one_by_one() -> Row {
    let work = "100,000 events to a durable implementation that does nothing, from the start on";
    all_of_a_file(work, 0.3, fill, |builder| builder.hook(consumers::count))
}

fn in_batches() -> Row {
    let work = "the same, in batches of 100";
    all_of_a_file(work, 0.6, fill, |builder| builder.hook(consumers::count_batches))
}

fn by_key() -> Row {
    const KEYS: u64 = 10_000;
    let fill = |path: &Path, count: u64| {
        let app = app(path, "enqueued", AppBuilder::event::<Moved>);
        for order in 0..count {
            let moved = Moved { user: order % KEYS, order, express: true };
            app.track(moved).wait().expect("it is kept");
        }
        ours::end(&app);
    };
    let work = "the same, in the order of 10,000 keys, 8 side by side";
    all_of_a_file(work, 0.25, fill, |builder| builder.event::<Moved>().hook(consumers::count_by_user))
}

fn all_of_a_file(
    work: &str,
    target: f64,
    write: impl Fn(&Path, u64),
    with: impl Fn(AppBuilder) -> AppBuilder,
) -> Row {
    const COUNT: u64 = 100_000;
    let mut limits = Vec::new();
    let ratio = median_of(ROUNDS, || {
        let file = File::new("ours.db");
        write(&file.path, COUNT);
        let raw = time(|| read_and_parse(&file.path));
        limits.push(ours::rate(COUNT, raw));
        let before = consumers::COUNTED.load(Ordering::Relaxed);
        let start = Instant::now();
        let app = app(&file.path, "commit", &with);
        settle(&app);
        let took = start.elapsed();
        assert_eq!(consumers::COUNTED.load(Ordering::Relaxed) - before, COUNT);
        ours::end(&app);
        raw.as_secs_f64() / took.as_secs_f64()
    });
    Row {
        work: work.to_owned(),
        against: format!("reading and parsing the same rows: {:.0} rows/s", middle(&mut limits)),
        measured: format!("{ratio:.2} × the events/s"),
        target: format!("≥ {target} ×"),
        reached: Some(ratio >= target),
    }
}

/// How much faster several calls side by side are than one.
fn waiting(is_async: bool) -> Row {
    const EVENTS: u64 = 1_000;
    let file = File::new("ours.db");
    fill(&file.path, EVENTS);
    let one: fn(AppBuilder) -> AppBuilder = if is_async {
        |builder| builder.hook(consumers::wait_one_by_one_async)
    } else {
        |builder| builder.hook(consumers::wait_one_by_one)
    };
    let eight: fn(AppBuilder) -> AppBuilder = if is_async {
        |builder| builder.hook(consumers::wait_side_by_side_async)
    } else {
        |builder| builder.hook(consumers::wait_side_by_side)
    };
    let mut alone = Vec::new();
    let ratio = median_of(ROUNDS, || {
        let one = deliver_to(&file.path, one, 0);
        alone.push(ours::rate(EVENTS, one));
        one.as_secs_f64() / deliver_to(&file.path, eight, 0).as_secs_f64()
    });
    let kind = if is_async { "`async fn`" } else { "`fn`" };
    Row {
        work: format!("an {kind} that waits 1 ms, 8 calls side by side"),
        against: format!("one: {:.0} events/s", middle(&mut alone)),
        measured: format!("{ratio:.1} × the events/s"),
        target: "≥ 6 ×".to_owned(),
        reached: Some(ratio >= 6.0),
    }
}

fn read_and_parse(path: &Path) {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("it is there");
    let sql = "SELECT seq, id, name, version, created, actor, properties FROM events ORDER BY seq";
    let mut statement = connection.prepare(sql).expect("the SQL is right");
    let mut rows = statement.query(()).expect("it can be read");
    while let Some(row) = rows.next().expect("it can be read") {
        let properties = row.get_ref(6).expect("it is there").as_str().expect("it is text");
        let properties: Value = serde_json::from_str(properties).expect("it is JSON");
        let id: String = row.get(1).expect("it is text");
        let created: String = row.get(4).expect("it is text");
        std::hint::black_box((properties, id, created));
    }
}

/// What durable implementations add to a thread that doesn't wait.
fn enqueued(count: usize) -> Row {
    let target = if count == 1 { 5.0 } else { 10.0 };
    more(count, 100_000, "enqueued", "an enqueued `track`", target)
}

/// The same for one that waits for each commit.
fn awaited(count: usize) -> Row {
    more(count, 2_000, "commit", "a `track` that waits for its commit", 25.0)
}

fn more(count: usize, events: u64, ack: &str, work: &str, target: f64) -> Row {
    let mut alone = Vec::new();
    let percent = median_of(ROUNDS, || {
        let one = |count| {
            let file = File::new("ours.db");
            let app = app(&file.path, ack, |builder| consumers::with_many(builder, count));
            let took = time(|| (0..events).for_each(|order| ours::track(&app, order)));
            ours::end(&app);
            took
        };
        let without = one(0);
        alone.push(without.as_secs_f64() * 1e6 / f64::from(u32::try_from(events).expect("they are few")));
        (one(count).as_secs_f64() / without.as_secs_f64() - 1.0) * 100.0
    });
    Row {
        work: format!(
            "{work}, with {count} durable {}",
            if count == 1 { "implementation" } else { "implementations" }
        ),
        against: format!("without: {:.2} µs", middle(&mut alone)),
        measured: format!("{percent:.0} % more"),
        target: format!("≤ {target:.0} % more"),
        reached: Some(percent <= target),
    }
}

fn until_the_call() -> Row {
    const EVENTS: u32 = 200;
    let file = File::new("ours.db");
    let app = app(&file.path, "commit", |builder| builder.hook(consumers::note_the_time));
    let mut waits: Vec<f64> = (0..EVENTS)
        .map(|order| {
            ours::track(&app, order.into());
            let tracked = Instant::now();
            settle(&app);
            let called = consumers::CALLED.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let called = called.expect("it was called");
            std::thread::park_timeout(Duration::from_millis(2));
            called.saturating_duration_since(tracked).as_secs_f64() * 1e3
        })
        .collect();
    ours::end(&app);
    waits.sort_by(f64::total_cmp);
    let p99 = waits[waits.len() * 99 / 100];
    Row {
        work: "from a commit to the call of a durable implementation, idle".to_owned(),
        against: String::new(),
        measured: format!("p50 {:.2} ms, p99 {p99:.2} ms", waits[waits.len() / 2]),
        target: "p99 ≤ 5 ms".to_owned(),
        reached: Some(p99 <= 5.0),
    }
}

fn first_of_a_million() -> Row {
    let file = File::new("large.db");
    fill(&file.path, 1_000_000);
    let before = consumers::COUNTED.load(Ordering::Relaxed);
    let start = Instant::now();
    let app = app(&file.path, "commit", |builder| builder.hook(consumers::count));
    while consumers::COUNTED.load(Ordering::Relaxed) == before {
        std::hint::spin_loop();
    }
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    ours::end(&app);
    Row {
        work: "a start with 1,000,000 events to deliver, until the first call".to_owned(),
        against: String::new(),
        measured: format!("{milliseconds:.0} ms"),
        target: "≤ 100 ms".to_owned(),
        reached: Some(milliseconds <= 100.0),
    }
}

fn beside_a_stuck_one() -> Row {
    const EVENTS: u64 = 2_000;
    const OTHERS: usize = 63;
    let file = File::new("ours.db");
    fill(&file.path, EVENTS);
    let ratio = median_of(ROUNDS, || {
        let without = deliver_to(&file.path, |builder| consumers::with_many(builder, OTHERS), 0);
        let with =
            deliver_to(&file.path, |builder| consumers::with_many(builder, OTHERS).hook(consumers::stuck), 1);
        without.as_secs_f64() / with.as_secs_f64()
    });
    Row {
        work: "63 durable implementations, beside one that is stuck".to_owned(),
        against: "the 63 alone".to_owned(),
        measured: format!("{ratio:.2} × the events/s"),
        target: "≥ 0.95 ×".to_owned(),
        reached: Some(ratio >= 0.95),
    }
}

/// How long all but so many consumers take for a copy of this file.
fn deliver_to(path: &Path, with: impl FnOnce(AppBuilder) -> AppBuilder, stuck: usize) -> Duration {
    let copy = File::new("copy.db");
    std::fs::copy(path, &copy.path).expect("there is room");
    consumers::set_free(false);
    let start = Instant::now();
    let app = app(&copy.path, "commit", with);
    let deliveries = app.deliveries().expect("the journal is open");
    let behind = || {
        let consumers = deliveries.consumers().wait().expect("it runs");
        consumers.iter().filter(|consumer| consumer.backlog != Some(0)).count()
    };
    while behind() > stuck {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let took = start.elapsed();
    consumers::set_free(true);
    let _ = app.shutdown().wait();
    took
}

fn exactly_once() -> Row {
    const COUNT: u64 = 2_000;
    let mut limits = Vec::new();
    let ratio = median_of(ROUNDS, || {
        let (limit, _) = raw::transactions(&File::new("raw.db").path, COUNT, 1);
        limits.push(limit);
        let file = File::new("ours.db");
        fill(&file.path, COUNT);
        let plain = ours::app(&file.path, "commit");
        let database = plain.sqlite_store().expect("it has one").database().clone();
        database.execute_write("CREATE TABLE effect (id TEXT)", ()).wait().expect("it can be written");
        ours::end(&plain);
        let start = Instant::now();
        let app = app(&file.path, "commit", |builder| builder.hook(consumers::write_once));
        settle(&app);
        let rate = ours::per_second(COUNT, start);
        let count = |db: &Connection| Ok(db.query_row("SELECT count(*) FROM effect", (), |row| row.get(0))?);
        let database = app.sqlite_store().expect("it has one").database().clone();
        assert_eq!(database.read(count).wait().ok(), Some(COUNT.cast_signed()));
        ours::end(&app);
        rate / limit
    });
    Row {
        work: "exactly once by `done_in`, one event at a time, a row each".to_owned(),
        against: format!("transactions of one row: {:.0} rows/s", middle(&mut limits)),
        measured: format!("{ratio:.2} × the events/s"),
        target: "≥ 0.5 ×".to_owned(),
        reached: Some(ratio >= 0.5),
    }
}

fn idle() -> Row {
    const TIME: Duration = Duration::from_secs(5);
    let file = File::new("ours.db");
    let app = app(&file.path, "commit", |builder| consumers::with_many(builder, 64));
    ours::track(&app, 0);
    settle(&app);
    // Until what was delivered is saved, and the writer has emptied the log, which it does after a second without work.
    let quiet = Instant::now() + Duration::from_secs(3);
    while Instant::now() < quiet {
        std::thread::park_timeout(quiet.saturating_duration_since(Instant::now()));
    }
    let log = format!("{}-wal", file.path.display());
    let written = || std::fs::metadata(&log).and_then(|log| log.modified()).ok();
    let (before, log_before) = (processor_time(), written());
    let start = Instant::now();
    while start.elapsed() < TIME {
        std::thread::park_timeout(TIME.saturating_sub(start.elapsed()));
    }
    let (after, log_after) = (processor_time(), written());
    ours::end(&app);
    let (Some(before), Some(after)) = (before, after) else {
        return Row::skipped(
            "64 durable implementations that have nothing to do",
            "the system has no /proc/self/stat",
        );
    };
    let percent = (after - before) / TIME.as_secs_f64() * 100.0;
    let writes = if log_before == log_after { "no write" } else { "writes" };
    Row {
        work: "64 durable implementations that have nothing to do".to_owned(),
        against: String::new(),
        measured: format!("{percent:.1} % of a processor, {writes}"),
        target: "≤ 1 %, no write".to_owned(),
        reached: Some(percent <= 1.0 && log_before == log_after),
    }
}

/// The processor's time of this process, in seconds.
fn processor_time() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    // Linux counts in hundredths of a second, whatever the machine.
    Some(ticks / 100.0)
}
