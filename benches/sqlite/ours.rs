//! An application that keeps its events.

use std::path::Path;
use std::time::{Duration, Instant};

use event_core::AppBuilder;
use event_core::prelude::*;

#[derive(Event)]
pub(crate) struct OrderPlaced {
    pub(crate) order: u64,
    pub(crate) customer: &'static str,
    pub(crate) express: bool,
}

/// One in ten of the events in a large store.
#[derive(Event)]
pub(crate) struct OrderCancelled {
    pub(crate) order: u64,
}

impl OrderPlaced {
    pub(crate) fn numbered(order: u64) -> Self {
        Self { order, customer: "mallory", express: true }
    }
}

/// With the settings that a new application has, except where the store is and when `track` resolves.
pub(crate) fn app(path: &Path, ack: &str) -> App {
    builder(path, ack).start().wait().expect("nothing is wrong with it")
}

/// The same, to be given more.
pub(crate) fn builder(path: &Path, ack: &str) -> AppBuilder {
    let config = json!({ "plugins": { "event-sqlite": { "store": { "path": path, "ack": ack } } } });
    let builder = App::builder()
        .without_linked()
        .event::<OrderPlaced>()
        .event::<OrderCancelled>()
        .hook(event_sqlite::open_databases)
        .hook(event_sqlite::open_journal)
        .hook(event_sqlite::keep_event)
        .hook(event_sqlite::close_databases);
    builder.config(config)
}

pub(crate) fn track(app: &App, order: u64) {
    app.track(OrderPlaced::numbered(order)).wait().expect("it is kept");
}

/// Writes what waits.
pub(crate) fn end(app: &App) {
    app.shutdown().wait().expect("everything is written");
}

/// Events a second of one thread that tracks as fast as it can, all of them on disk at the end.
pub(crate) fn sustained(path: &Path, count: u64) -> f64 {
    let app = app(path, "enqueued");
    let start = Instant::now();
    (0..count).for_each(|order| track(&app, order));
    end(&app);
    per_second(count, start)
}

/// Events a second of one thread that waits for each to be on disk.
pub(crate) fn one_by_one(path: &Path, count: u64) -> f64 {
    let app = app(path, "commit");
    let start = Instant::now();
    (0..count).for_each(|order| track(&app, order));
    let rate = per_second(count, start);
    end(&app);
    rate
}

/// Events a second of so many tasks, each of which waits for its event before it tracks the next; and how long each
/// waited.
pub(crate) fn at_once(path: &Path, tasks: u64, each: u64) -> (f64, Vec<f64>) {
    let app = app(path, "commit");
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("threads can be started");
    let start = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let app = app.clone();
            runtime.spawn(async move {
                let mut waited = Vec::new();
                for order in 0..each {
                    let start = Instant::now();
                    app.track(OrderPlaced::numbered(order)).await.expect("it is kept");
                    waited.push(start.elapsed().as_secs_f64());
                }
                waited
            })
        })
        .collect();
    let waited =
        running.into_iter().flat_map(|task| runtime.block_on(task).expect("it doesn't panic")).collect();
    let rate = per_second(tasks * each, start);
    end(&app);
    (rate, waited)
}

pub(crate) fn per_second(count: u64, start: Instant) -> f64 {
    rate(count, start.elapsed())
}

pub(crate) fn rate(count: u64, time: Duration) -> f64 {
    f64::from(u32::try_from(count).expect("there are fewer")) / time.as_secs_f64()
}
