//! The same events, kept by datasette-events-db.

use super::disk::File;
use super::ours;
use crate::python;
use crate::row::Row;
use crate::stopwatch::{median_of, middle};
use crate::subprocess::Subprocess;

const ROUNDS: usize = 3;

pub(crate) fn rows() -> Vec<Row> {
    let mut python = match python::find() {
        Ok(python) => python,
        Err(reason) => return vec![Row::skipped("datasette-events-db", &reason)],
    };
    let one = |path: &std::path::Path| ours::one_by_one(path, 1000);
    let many = |path: &std::path::Path| ours::at_once(path, 64, 100).0;
    let enqueued = |path: &std::path::Path| ours::sustained(path, 200_000);
    vec![
        compare(&mut python, 1, "one that awaits every event", 3.0, one),
        compare(&mut python, 64, "64 that await theirs", 50.0, many),
        compare(&mut python, 1, "one, `ack = \"enqueued\"`", 300.0, enqueued),
    ]
}

fn compare(
    python: &mut Subprocess,
    producers: usize,
    work: &str,
    target: f64,
    ours: impl Fn(&std::path::Path) -> f64,
) -> Row {
    const COUNT: u32 = 640;
    let mut theirs = Vec::new();
    let ratio = median_of(ROUNDS, || {
        let their = f64::from(COUNT) / python.time(&format!("events-db {producers} {COUNT}")).as_secs_f64();
        theirs.push(their);
        ours(&File::new("ours.db").path) / their
    });
    Row {
        work: format!("producers of events that are kept: {work}"),
        against: format!("datasette-events-db, {producers} awaiting: {:.0} events/s", middle(&mut theirs)),
        measured: format!("{ratio:.0} × the events/s"),
        target: format!("≥ {target} ×"),
        reached: Some(ratio >= target),
    }
}
