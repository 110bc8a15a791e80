//! One write that tracks many events, and what the others wait for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use event_sqlite::SqliteExt;

use super::disk::File;
use super::ours::{self, OrderPlaced};
use crate::row::Row;
use crate::stopwatch::{median_of, middle};

const ROUNDS: usize = 5;
const MANY: u64 = 100_000;

pub(crate) fn rows() -> [Row; 2] {
    let mut tenths = Vec::new();
    let times_as_long = median_of(ROUNDS, || {
        let (tenth, _) = write(MANY / 10);
        tenths.push(tenth.as_secs_f64() * 1e3);
        write(MANY).0.as_secs_f64() / tenth.as_secs_f64()
    });
    let (mut takes, mut waits) = (Vec::new(), Vec::new());
    let share = median_of(ROUNDS, || {
        let (took, longest) = write(MANY);
        takes.push(took.as_secs_f64() * 1e3);
        waits.push(longest.as_secs_f64() * 1e6);
        longest.as_secs_f64() / took.as_secs_f64() * 100.0
    });
    [
        Row {
            work: "a write that tracks 100,000 events".to_owned(),
            against: format!("one that tracks 10,000: {:.0} ms", middle(&mut tenths)),
            measured: format!("{times_as_long:.1} × the time"),
            target: "≤ 12 ×".to_owned(),
            reached: Some(times_as_long <= 12.0),
        },
        Row {
            work: "the longest enqueued `track` of another thread in that time".to_owned(),
            against: format!("the write: {:.0} ms", middle(&mut takes)),
            measured: format!("{share:.2} %: {:.0} µs", middle(&mut waits)),
            target: "≤ 5 %".to_owned(),
            reached: Some(share <= 5.0),
        },
    ]
}

/// How long a write takes that tracks so many events, and the longest `track` of another thread meanwhile.
fn write(count: u64) -> (Duration, Duration) {
    let file = File::new("ours.db");
    let app = ours::app(&file.path, "enqueued");
    let store = app.sqlite_store().expect("it is there");
    let database = store.database();
    let is_over = AtomicBool::new(false);
    let (took, longest) = std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            while !is_over.load(Ordering::Relaxed) {
                let start = Instant::now();
                ours::track(&app, 0);
                longest = longest.max(start.elapsed());
                std::thread::park_timeout(Duration::from_micros(100));
            }
            longest
        });
        let start = Instant::now();
        let written = database.write(move |tx| {
            for order in 0..count {
                tx.track(OrderPlaced::numbered(order))?;
            }
            Ok(())
        });
        written.wait().expect("it is written");
        let took = start.elapsed();
        is_over.store(true, Ordering::Relaxed);
        (took, other.join().expect("it doesn't panic"))
    });
    ours::end(&app);
    (took, longest)
}
