//! What is left of a file whose process dies in the middle of something that changes all of it: the tables of an older version
//! become those of this one, old events are removed. Before each single call of the disk, one after the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use event_core::AppBuilder;
use event_core::prelude::*;
use event_journal::JournalExt;
use event_sqlite::SqliteExt;
use event_sqlite::rusqlite::Connection;

use crate::chance::Chance;
use crate::listening::{Listening, NONE, hears};
use crate::power::Disk;
use crate::shim;
use crate::writer::{Counted, Task, Told, app, itself};

const FILE: &str = "EVENT_SQLITE_CRASH_FILE";

/// Runs a test in a process of its own, which does its work on this file, until it dies before the call number `cut` of the
/// disk; gives whether it has died.
fn dies(test: &str, disk: &Disk, library: &Path, cut: u64) -> bool {
    let mut command = itself(test);
    disk.cut_power(command.env(FILE, disk.file()), library, cut, None);
    let Output { status, stdout, stderr } = command.output().expect("it can be started");
    if status.success() {
        return false;
    }
    let complaints = String::from_utf8_lossy(&stderr);
    let has_failed = complaints.contains("panicked at") || status.code().is_some();
    assert!(!has_failed, "{status}\n{}{complaints}", String::from_utf8_lossy(&stdout));
    true
}

fn file_of_task() -> Option<PathBuf> {
    std::env::var_os(FILE).map(PathBuf::from)
}

fn new_disk(file: &Path) -> Disk {
    let disk = Disk::new();
    fs::create_dir(disk.file().parent().expect("it is in a directory")).expect("it can be made");
    fs::copy(file, disk.file()).expect("it is there");
    disk
}

fn ids(file: &Path) -> Vec<String> {
    let connection = Connection::open(file).expect("it is there");
    let damage: String =
        connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).expect("it can be checked");
    assert_eq!(damage, "ok", "{}", file.display());
    let mut statement = connection.prepare("SELECT id FROM events ORDER BY seq").expect("it has events");
    let rows = statement.query_map((), |row| row.get(0)).expect("it can be read");
    rows.collect::<Result<_, _>>().expect("they are texts")
}

fn migrate(file: &Path) {
    let app = app(&Task::endless(file.to_owned(), Told::default())).start().wait().expect("it is migrated");
    let events = app.store().expect("it is there").events().list().wait().expect("all can be read");
    assert!(events.len() >= 2);
    app.track(Counted { producer: 0, number: 0, filler: String::new() }).wait().expect("it can be written");
    app.shutdown().wait().expect("everything is written");
}

#[test]
fn a_migration_that_is_interrupted_anywhere_loses_no_event_and_is_made_at_the_next_start() {
    const NAME: &str =
        "interrupted::a_migration_that_is_interrupted_anywhere_loses_no_event_and_is_made_at_the_next_start";
    if let Some(file) = file_of_task() {
        return migrate(&file);
    }
    let Some(library) = shim::library_or_skip() else { return };
    for version in 1..=2 {
        let fixture =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/shared-{version}.db"));
        let before = ids(&fixture);
        assert_eq!(before.len(), 2);
        let mut cut = 1;
        loop {
            let disk = new_disk(&fixture);
            let has_died = dies(NAME, &disk, library, cut);
            assert!(ids(&disk.file()).starts_with(&before), "version {version}, before call {cut}");
            migrate(&disk.file());
            let after = ids(&disk.file());
            assert!(
                after.starts_with(&before) && after.len() >= 3,
                "version {version}, before call {cut}: {after:?}"
            );
            if !has_died {
                break;
            }
            cut += 1;
        }
        println!("version {version}: {cut} calls");
        assert!(cut > 10, "it died nowhere");
    }
}

/// So many events, of which a consumer has got half.
const EVENTS: u32 = 3_000;

fn keep_few(builder: AppBuilder) -> AppBuilder {
    builder.config(json!({ "plugins": { "event-sqlite": { "store": { "keep_rows": 10 } } } }))
}

/// The file that the processes begin with.
fn write_many(file: &Path) {
    let first = Listening::start(file, NONE, NONE);
    track_many(&first.app, 0..EVENTS / 2);
    first.settle();
    first.deliveries().pause(first.name()).wait().expect("it is there");
    track_many(&first.app, EVENTS / 2..EVENTS);
    first.app.shutdown().wait().expect("everything is written");
}

fn track_many(app: &App, numbers: std::ops::Range<u32>) {
    let many = app.database("app").expect("it is there").write(move |tx| {
        for number in numbers {
            tx.track(Counted { producer: 0, number, filler: String::new() })?;
        }
        Ok(())
    });
    many.wait().expect("the disk works");
}

#[test]
fn a_removal_of_old_events_that_is_interrupted_anywhere_takes_none_that_a_consumer_needs() {
    const NAME: &str =
        "interrupted::a_removal_of_old_events_that_is_interrupted_anywhere_takes_none_that_a_consumer_needs";
    if let Some(file) = file_of_task() {
        // Without the consumer: its process removes what another one's no longer needs.
        let builder = app(&Task::endless(file, Told::default()));
        let app = keep_few(builder).start().wait().expect("it starts");
        app.sqlite_store().expect("it is there").remove_old().wait().expect("they can be removed");
        app.shutdown().wait().expect("everything is written");
        return;
    }
    let Some(library) = shim::library_or_skip() else { return };
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("app.db");
    write_many(&file);
    let all = ids(&file);
    let needed = &all[EVENTS as usize / 2..];
    let mut chance = Chance::new();
    // The file is large, so some of the calls in CI.
    let step = if std::env::var_os("EVENT_SQLITE_CRASH_RUNS").is_some() { 1 } else { 24 };
    let (mut cut, mut removed) = (1 + chance.below(step), 0);
    loop {
        let disk = new_disk(&file);
        let has_died = dies(NAME, &disk, library, cut);
        let left = ids(&disk.file());
        assert!(all.ends_with(&left) && left.ends_with(needed), "before call {cut}: {} are left", left.len());
        removed += usize::from(left.len() < all.len());
        let again = Listening::try_start(&disk.file(), NONE, NONE, |builder| keep_few(builder.hook(hears)))
            .expect("the app starts");
        again.settle();
        assert!(again.heard().into_iter().eq(EVENTS / 2..EVENTS), "before call {cut}");
        again.app.shutdown().wait().expect("everything is written");
        if !has_died {
            break;
        }
        cut += 1 + chance.below(2 * step - 1);
    }
    println!("{cut} calls; {removed} processes had removed some events");
    assert!(removed > 1, "it died before anything was removed");
}
