//! Whether two threads that track through one app get in each other's way.

use std::hint::black_box;
use std::num::NonZero;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use event_core::prelude::*;

use crate::row::Row;
use crate::stopwatch::median;

const REPETITIONS: u64 = 200_000;

pub(crate) fn rows() -> Vec<Row> {
    let work = "2 threads tracking through one app";
    if thread::available_parallelism().map_or(1, NonZero::get) < 2 {
        return vec![Row::skipped(work, "there is one processor")];
    }
    let apps = [start(), start()];
    let mut of_an_app_each = Vec::new();
    let throughput = median(|| {
        let one = on_threads([&apps[0]]).as_secs_f64();
        of_an_app_each.push(2.0 * one / on_threads([&apps[0], &apps[1]]).as_secs_f64());
        2.0 * one / on_threads([&apps[0], &apps[0]]).as_secs_f64()
    });
    of_an_app_each.sort_by(f64::total_cmp);
    let limit = of_an_app_each[of_an_app_each.len() / 2];
    vec![Row {
        work: work.to_owned(),
        against: format!("one thread; with an app each, 2 threads reach {limit:.2} ×"),
        measured: format!("{throughput:.2} × the events/s"),
        target: "≥ 1.8 ×".to_owned(),
        reached: Some(throughput >= 1.8),
    }]
}

fn start() -> App {
    let builder = App::builder().without_linked().event::<Counted>().hook(hear);
    builder.start().wait().expect("nothing is wrong with it")
}

#[derive(Event)]
struct Counted {
    number: u64,
}

#[hookimpl(track_event)]
fn hear(event: &Counted) {
    black_box(event.number);
}

/// How long it takes to track through these apps at the same time, a thread each: from the first start to the last
/// end.
fn on_threads<const COUNT: usize>(apps: [&App; COUNT]) -> Duration {
    let barrier = &Barrier::new(COUNT);
    let times = thread::scope(|scope| {
        let threads = apps.map(|app| {
            scope.spawn(move || {
                barrier.wait();
                let start = Instant::now();
                track(app);
                (start, Instant::now())
            })
        });
        threads.map(|thread| thread.join().expect("it doesn't panic"))
    });
    let first = times.iter().map(|(start, _)| *start).min();
    let last = times.iter().map(|(_, end)| *end).max();
    last.zip(first).map(|(last, first)| last - first).expect("there is a thread")
}

fn track(app: &App) {
    for number in 0..REPETITIONS {
        black_box(app.track(Counted { number: black_box(number) }).wait().expect("it is tracked"));
    }
}
