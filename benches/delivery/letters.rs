//! How fast dead letters are delivered again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use event_core::durable::Rejected;
use event_core::prelude::*;
use event_journal::{JournalExt, Letters};
use rusqlite::Connection;

use super::{app, fill, settle};
use crate::row::Row;
use crate::sqlite::disk::File;
use crate::sqlite::ours;
use crate::stopwatch::middle;

const NAME: &str = "benches::reject";
const COUNT: u64 = 100_000;
const ROUNDS: usize = 3;

/// Whether [`reject`] takes events.
static TAKES: AtomicBool = AtomicBool::new(false);

#[hookimpl(track_event, durable(from = "start"))]
fn reject(event: &Tracked) -> Result<(), Rejected> {
    std::hint::black_box(event);
    if TAKES.load(Ordering::Relaxed) { Ok(()) } else { Err(Rejected::new("not yet")) }
}

/// Makes every event a dead letter: the first one is the program's, and the others are made after its likeness.
fn bury_all(file: &File) {
    fill(&file.path, 1);
    TAKES.store(false, Ordering::Relaxed);
    let app = app(&file.path, "commit", |builder| builder.hook(reject));
    settle(&app);
    ours::end(&app);
    fill(&file.path, COUNT - 1);
    let sql = format!(
        "BEGIN;
         INSERT INTO event_sqlite_state (key, version, value)
             SELECT printf('dead/{NAME}/%020d', seq), last_version + seq,
                    CAST(json_set(CAST(value AS TEXT), '$.seq', seq, '$.event_id', id) AS BLOB)
             FROM event_sqlite_state, event_sqlite_journal, events WHERE key GLOB 'dead/*' AND seq > 1 ORDER BY seq;
         UPDATE event_sqlite_journal SET last_version = last_version + {COUNT};
         UPDATE event_sqlite_state SET value = CAST(json_set(CAST(value AS TEXT), '$.position', {COUNT}, '$.frontier', {COUNT},
             '$.scanned', {COUNT}, '$.last_seq', {COUNT}, '$.dead', {COUNT},
             '$.last_id', (SELECT id FROM events WHERE seq = {COUNT})) AS BLOB) WHERE key GLOB 'consumer/*';
         COMMIT;"
    );
    Connection::open(&file.path).expect("it is there").execute_batch(&sql).expect("it can be written");
}

pub(super) fn delivered_again() -> Row {
    let mut rates: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let file = File::new("letters.db");
            bury_all(&file);
            TAKES.store(true, Ordering::Relaxed);
            let app = app(&file.path, "commit", |builder| builder.hook(reject));
            let deliveries = app.deliveries().expect("the journal is open");
            let start = Instant::now();
            let retried = deliveries.retry_all(NAME, Letters::all()).wait();
            settle(&app);
            let rate = ours::per_second(COUNT, start);
            assert_eq!(retried.ok(), Some(COUNT));
            assert_eq!(deliveries.consumers().wait().expect("it runs")[0].delivered, COUNT);
            ours::end(&app);
            rate
        })
        .collect();
    let rate = middle(&mut rates);
    Row {
        work: "100,000 dead letters, delivered again by `retry_all`".to_owned(),
        against: String::new(),
        measured: format!("{rate:.0} letters/s"),
        target: "≥ 10,000/s".to_owned(),
        reached: Some(rate >= 10_000.0),
    }
}
