//! How much memory the deliveries of many events, and of large ones, take.

use std::path::{Path, PathBuf};

use event_core::prelude::*;
use event_sqlite::rusqlite::Connection;

use crate::chance::number;
use crate::listening::{Listening, NONE};
use crate::writer::{Counted, itself};

const FILE: &str = "EVENT_SQLITE_CRASH_FILE";

#[hookimpl(track_event, durable(from = "start"))]
fn hears_beside(_event: &Counted) {}

/// Writes so many events, each of so many bytes.
fn fill(file: &Path, rows: u64, size: u64) {
    let first = Listening::start(file, NONE, NONE);
    first.app.shutdown().wait().expect("everything is written");
    let connection = Connection::open(file).expect("the file is there");
    let sql = format!(
        "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers LIMIT {rows})
         INSERT INTO events (id, name, version, created, properties)
         SELECT printf('019aab2c-5a00-7000-8000-%012x', number), 'counted', 1, '2026-11-22T10:00:00.000000Z',
                printf('{{\"producer\":0,\"number\":%d,\"filler\":\"%s\"}}', number, hex(zeroblob({size} / 2)))
         FROM numbers"
    );
    connection.execute_batch(&sql).expect("it can be written");
}

/// The most memory that this process has had, in KiB.
pub(crate) fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux counts");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it is counted");
    peak.trim().trim_end_matches(" kB").parse().expect("it is a number")
}

/// In a process of its own, whose consumers are held in the first event, or deliver all.
fn measure(file: &Path) {
    let before = peak();
    let with = |builder: event_core::AppBuilder| builder.hook(crate::listening::hears).hook(hears_beside);
    let listening = Listening::try_start(file, 1, NONE, with).expect("the app starts");
    listening.is_held.recv().expect("it is called");
    listening.go.send(()).expect("it is held");
    listening.settle();
    let delivered: u64 =
        listening.deliveries().consumers().wait().expect("it runs").iter().map(|it| it.delivered).sum();
    println!("\npeak {} {delivered}", peak() - before);
    listening.app.shutdown().wait().expect("everything is written");
}

#[test]
fn deliveries_of_many_and_of_large_events_take_no_more_memory_than_a_part_of_them() {
    const NAME: &str =
        "large::deliveries_of_many_and_of_large_events_take_no_more_memory_than_a_part_of_them";
    if let Some(file) = std::env::var_os(FILE) {
        return measure(&PathBuf::from(file));
    }
    if !cfg!(target_os = "linux") {
        println!("skipped: this system doesn't count the memory of a process");
        return;
    }
    let many = number("EVENT_SQLITE_CRASH_ROWS").unwrap_or(40_000);
    for (rows, size) in [(many, 200), (150, 1 << 20)] {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let file = directory.path().join("app.db");
        fill(&file, rows, size);
        let output = itself(NAME).env(FILE, &file).output().expect("it can be started");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let said = said.lines().find_map(|line| line.strip_prefix("peak ")).expect("it says its peak");
        let (peak, delivered) = said.split_once(' ').expect("two numbers");
        println!("{rows} events of {size} bytes to two consumers: {peak} KiB more at most");
        assert_eq!(delivered.parse(), Ok(2 * rows));
        let peak: u64 = peak.parse().expect("it is a number");
        assert!(peak < 70_000, "{rows} events of {size} bytes took {peak} KiB");
    }
}
