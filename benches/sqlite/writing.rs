//! How fast events get on disk.

use std::path::Path;

use super::disk::File;
use super::{ours, raw};
use crate::row::Row;
use crate::stopwatch::{median_of, middle};

const ROUNDS: usize = 5;

pub(crate) fn enqueued() -> Row {
    // Fewer stay below SQLite's automatic checkpoint.
    let ours = |path: &Path| ours::sustained(path, 200_000);
    Row {
        work: "200,000 events of one thread, `ack = \"enqueued\"`, until all are on disk".to_owned(),
        ..against_raw(200_000, 1000, "cached inserts in transactions of 1,000", ours, 1.0)
    }
}

pub(crate) fn awaited_by_1() -> Row {
    let ours = |path: &Path| ours::one_by_one(path, 1000);
    Row {
        work: "one thread that waits for every commit".to_owned(),
        ..against_raw(1000, 1, "transactions of one row", ours, 0.8)
    }
}

/// So many events against as many rows, so many to a transaction.
fn against_raw(count: u64, rows: usize, name: &str, ours: impl Fn(&Path) -> f64, target: f64) -> Row {
    let mut limits = Vec::new();
    let ratio = median_of(ROUNDS, || {
        let (limit, _) = raw::transactions(&File::new("raw.db").path, count, rows);
        limits.push(limit);
        ours(&File::new("ours.db").path) / limit
    });
    Row {
        work: String::new(),
        against: format!("{name}: {:.0} rows/s", middle(&mut limits)),
        measured: format!("{ratio:.2} × the events/s"),
        target: format!("≥ {target:.1} ×"),
        reached: Some(ratio >= target),
    }
}

pub(crate) fn awaited_by_64() -> [Row; 2] {
    const TASKS: u64 = 64;
    const EACH: u64 = 100;
    let (mut limits, mut latencies) = (Vec::new(), Vec::new());
    let mut times_as_long = Vec::new();
    let ratio = median_of(ROUNDS, || {
        let (limit, mut took) = raw::transactions(&File::new("raw.db").path, TASKS * EACH, 64);
        let (rate, mut waited) = ours::at_once(&File::new("ours.db").path, TASKS, EACH);
        limits.push(limit);
        latencies.push(p99(&mut took));
        times_as_long.push(p99(&mut waited) / p99(&mut took));
        rate / limit
    });
    let longer = middle(&mut times_as_long);
    [
        Row {
            work: "64 tasks that each await their event's commit".to_owned(),
            against: format!("transactions of 64: {:.0} rows/s", middle(&mut limits)),
            measured: format!("{ratio:.2} × the events/s"),
            target: "≥ 0.6 ×".to_owned(),
            reached: Some(ratio >= 0.6),
        },
        Row {
            work: "of that, what 99 % wait at most".to_owned(),
            against: format!("of the transactions of 64: {:.2} ms", middle(&mut latencies) * 1000.0),
            measured: format!("{longer:.1} × the time"),
            target: "≤ 5 ×".to_owned(),
            reached: Some(longer <= 5.0),
        },
    ]
}

fn p99(times: &mut [f64]) -> f64 {
    percentile(times, 99)
}

pub(crate) fn percentile(times: &mut [f64], percent: usize) -> f64 {
    times.sort_by(f64::total_cmp);
    times[(times.len() * percent / 100).min(times.len() - 1)]
}
