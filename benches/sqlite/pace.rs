//! What keeping an event costs the thread that tracks it, when events come at a steady pace.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use event_core::prelude::*;
use event_sqlite::SqliteExt;

use super::disk::File;
use super::ours;
use super::writing::percentile;
use crate::row::Row;

const PACES: [u32; 3] = [1_000, 10_000, 50_000];
const SECONDS: u32 = 2;

pub(crate) fn rows() -> Vec<Row> {
    PACES.into_iter().flat_map(|pace| [of_the_thread(pace), until_commit(pace)]).collect()
}

fn of_the_thread(pace: u32) -> Row {
    let file = File::new("ours.db");
    let app = ours::app(&file.path, "enqueued");
    let mut times = Vec::new();
    at_pace(pace, |order| {
        let start = Instant::now();
        ours::track(&app, order);
        times.push(start.elapsed().as_secs_f64() * 1e6);
    });
    ours::end(&app);
    let (p50, p99) = (percentile(&mut times, 50), percentile(&mut times, 99));
    Row {
        work: format!("an enqueued `track` at {pace} events/s"),
        against: String::new(),
        measured: format!("p50 {p50:.1} µs, p99 {p99:.1} µs"),
        target: "p50 ≤ 2 µs, p99 ≤ 10 µs".to_owned(),
        reached: Some(p50 <= 2.0 && p99 <= 10.0),
    }
}

fn until_commit(pace: u32) -> Row {
    let file = File::new("ours.db");
    let app = ours::app(&file.path, "enqueued");
    let mut tracked = Vec::new();
    let is_over = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let watching = scope.spawn(|| watch(&app, &is_over));
        at_pace(pace, |order| {
            tracked.push(Instant::now());
            ours::track(&app, order);
        });
        is_over.store(true, Ordering::Relaxed);
        watching.join().expect("it doesn't panic")
    });
    ours::end(&app);
    let mut waited: Vec<f64> = Vec::new();
    let mut seen = seen.into_iter().peekable();
    for (place, tracked) in (0u64..).zip(tracked) {
        while seen.next_if(|(written, _)| *written <= place).is_some() {}
        if let Some((_, at)) = seen.peek() {
            waited.push(at.duration_since(tracked).as_secs_f64() * 1e3);
        }
    }
    let (p50, p99) = (percentile(&mut waited, 50), percentile(&mut waited, 99));
    Row {
        work: format!("from an enqueued `track` to its commit, at {pace} events/s"),
        against: String::new(),
        measured: format!("p50 {p50:.1} ms, p99 {p99:.1} ms"),
        target: "p50 ≤ 2 ms".to_owned(),
        reached: Some(p50 <= 2.0),
    }
}

/// How many rows were written when, looked at ten times a millisecond.
fn watch(app: &App, is_over: &AtomicBool) -> Vec<(u64, Instant)> {
    let store = app.sqlite_store().expect("there is one");
    let mut seen = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        seen.push((store.status().written, Instant::now()));
        std::thread::park_timeout(Duration::from_micros(100));
    }
    seen
}

/// Does something so many times a second, for [`SECONDS`]. Spins in between: a sleep would be longer than the pause.
fn at_pace(pace: u32, mut work: impl FnMut(u64)) {
    let pause = Duration::from_secs(1) / pace;
    let mut due = Instant::now();
    for order in 0..u64::from(pace * SECONDS) {
        while Instant::now() < due {
            std::hint::spin_loop();
        }
        work(order);
        due += pause;
    }
}
