//! How long it takes to find events in a large store, and what memory it takes to fill one.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use event_sqlite::JournalExt;

use super::disk::File;
use super::ours::{self, OrderCancelled, OrderPlaced};
use crate::row::Row;
use crate::stopwatch::median;

const COUNTS: [u64; 2] = [100_000, 1_000_000];

pub(crate) fn rows() -> Vec<Row> {
    let mut peaks = Vec::new();
    let mut rows = Vec::new();
    for count in COUNTS {
        let file = File::new("large.db");
        peaks.push(fill(&file.path, count));
        rows.push(newest(&file.path, count));
    }
    rows.push(match peaks[..] {
        [Some(few), Some(many)] => Row {
            work: "memory at most, 1,000,000 events tracked as fast as possible".to_owned(),
            against: format!("100,000 events: {} MB", few / 1000),
            measured: format!("{} MB", many / 1000),
            // The queue holds 65,536 events, each of which is less than 256 bytes, and is there once more while it
            // is written.
            target: "bounded by the queue: ≤ 64 MB".to_owned(),
            reached: Some(many <= 64_000),
        },
        _ => Row::skipped("memory at most", "the system has no /proc/self/status"),
    });
    rows
}

fn newest(path: &Path, count: u64) -> Row {
    let app = ours::app(path, "commit");
    let store = app.store().expect("there is one");
    let seconds = median(|| {
        let start = Instant::now();
        let events = store.events().name("order-cancelled").newest_first().limit(100).list().wait();
        assert_eq!(events.expect("it can be read").len(), 100);
        start.elapsed().as_secs_f64()
    });
    ours::end(&app);
    Row {
        work: format!("the newest 100 of a name, among {count} rows"),
        against: String::new(),
        measured: format!("{:.2} ms", seconds * 1000.0),
        target: "≤ 1 ms".to_owned(),
        reached: Some(seconds <= 0.001),
    }
}

/// Tracks so many events as fast as possible, in a process of its own; gives the most memory that this took, in kB.
fn fill(path: &Path, count: u64) -> Option<u64> {
    let program = std::env::current_exe().expect("the program knows its file");
    let mut filling = Command::new(program);
    let output = filling.arg("--peak").arg(path).arg(count.to_string()).output().expect("it was run before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// What the process of [`fill`] does.
pub(crate) fn print_peak(path: &Path, count: u64) {
    let app = ours::app(path, "enqueued");
    for order in 0..count {
        if order % 10 == 0 {
            app.track(OrderCancelled { order }).wait().expect("it is kept");
        } else {
            app.track(OrderPlaced::numbered(order)).wait().expect("it is kept");
        }
    }
    ours::end(&app);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("{}", peak.map_or("", |peak| peak.trim().trim_end_matches(" kB")));
}
