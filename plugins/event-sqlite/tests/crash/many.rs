//! How much of a file with many events is read when the app starts, and when the newest are asked for.

use std::path::{Path, PathBuf};

use event_sqlite::JournalExt;
use event_sqlite::rusqlite::Connection;

use crate::chance::number;
use crate::writer::{Noted, Task, Told, app, itself};

/// By which the depth of the trees can differ.
const SOME_PAGES: u64 = 16 * 4096;

const FILE: &str = "EVENT_SQLITE_CRASH_FILE";

/// A hundred are of another name, far from each other and from the newest: a search without an index
/// reads the whole file.
fn fill(file: &Path, rows: u64) {
    let app = app(&Task::endless(file.to_owned(), Told::default())).start().wait().expect("the app starts");
    app.shutdown().wait().expect("everything is written");
    let connection = Connection::open(file).expect("the file is there");
    let sql = format!(
        "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers LIMIT {rows})
         INSERT INTO events (id, name, version, created, properties)
         SELECT printf('019aab2c-5a00-7000-8000-%012x', number), iif(number % 100 = 0 AND number <= 10000, 'noted', 'counted'), 1,
                '2026-11-22T10:00:00.000000Z', printf('{{\"producer\":0,\"number\":%d,\"filler\":\"\"}}', number)
         FROM numbers"
    );
    connection.execute_batch(&sql).expect("it can be written");
}

/// What this process has read so far, by the system's count.
fn bytes_read() -> u64 {
    let counts = std::fs::read_to_string("/proc/self/io").expect("Linux counts");
    let count = counts.lines().find_map(|line| line.strip_prefix("rchar: ")).expect("it counts characters");
    count.parse().expect("it is a number")
}

/// In a process of its own, in which no other test reads.
fn measure(file: &Path) {
    let before = bytes_read();
    let app = app(&Task::endless(file.to_owned(), Told::default())).start().wait().expect("the app starts");
    let started = bytes_read();
    let events =
        app.store().expect("it is there").events_of::<Noted>().newest_first().limit(100).list().wait();
    let newest = bytes_read();
    assert_eq!(events.expect("they can be read").len(), 100);
    println!("\nread {} {}", started - before, newest - started);
    app.shutdown().wait().expect("everything is written");
}

#[test]
fn neither_a_start_nor_the_newest_events_of_a_name_read_more_of_a_file_with_more_events() {
    const NAME: &str =
        "many::neither_a_start_nor_the_newest_events_of_a_name_read_more_of_a_file_with_more_events";
    if let Some(file) = std::env::var_os(FILE) {
        return measure(&PathBuf::from(file));
    }
    if !cfg!(target_os = "linux") {
        println!("skipped: this system doesn't count the bytes that a process reads");
        return;
    }
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let read = |rows: u64| {
        let file = directory.path().join(format!("{rows}.db"));
        fill(&file, rows);
        let output = itself(NAME).env(FILE, &file).output().expect("it can be started");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let read = said.lines().find_map(|line| line.strip_prefix("read ")).expect("it says what it read");
        let (start, newest) = read.split_once(' ').expect("two numbers");
        let size = std::fs::metadata(&file).expect("it is there").len();
        let number = |text: &str| text.parse::<u64>().expect("it is a number");
        let (start, newest) = (number(start), number(newest));
        println!("{rows} rows, {size} bytes: a start reads {start}, the newest 100 of a name {newest}");
        (size, start, newest)
    };
    // In both, each of the newest is in a page of its own.
    let (_, few_start, few_newest) = read(10_000);
    let (size, start, newest) = read(number("EVENT_SQLITE_CRASH_ROWS").unwrap_or(40_000));
    assert!(size > 100 * SOME_PAGES, "the file is too small to see anything: {size}");
    assert!(start <= few_start + SOME_PAGES, "a start reads {start} bytes of {size}");
    assert!(newest <= few_newest + 100 * 4096, "the newest 100 read {newest} bytes of {size}");
}
