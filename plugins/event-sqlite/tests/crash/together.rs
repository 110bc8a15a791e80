//! What several who use a file at the same time do to each other.

use std::fs;
use std::path::Path;
use std::sync::{Barrier, mpsc};
use std::time::Duration;

use event_sqlite::SqliteExt;
use event_sqlite::rusqlite::Connection;

use crate::chance::Chance;
use crate::kept::look;
use crate::writer::{Counted, Killed, PRODUCERS, Task, Told, app, run};

#[test]
fn all_who_create_one_file_at_the_same_time_can_use_it() {
    const APPS: u32 = 8;
    for _ in 0..30 {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let task = Task::endless(directory.path().join("data/app.db"), Told::default());
        let together = Barrier::new(APPS as usize);
        let start = || {
            together.wait();
            let app = app(&task).start().wait()?;
            app.track(Counted { producer: 0, number: 0, filler: String::new() }).wait()?;
            app.shutdown().wait()
        };
        std::thread::scope(|scope| {
            let apps: Vec<_> = (0..APPS).map(|_| scope.spawn(start)).collect();
            for app in apps {
                app.join().expect("it doesn't panic").unwrap_or_else(|error| panic!("{error:?}"));
            }
        });
        assert_eq!(count(&task.file), APPS);
    }
}

#[test]
fn processes_that_write_one_file_at_the_same_time_keep_every_event_once_also_when_one_is_killed() {
    const PROCESSES: usize = 3;
    let mut chance = Chance::new();
    for _ in 0..3 {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let file = directory.path().join("data/app.db");
        let mut killed = [Killed::Never; PROCESSES];
        killed[0] = Killed::AfterLines(chance.below(40), chance.up_to(Duration::from_millis(4)));
        let told = std::thread::scope(|scope| {
            let start = |(first_producer, killed)| {
                let task = Task::endless(file.clone(), Told::default());
                let count = if matches!(killed, Killed::Never) { 20 } else { u32::MAX };
                let task = Task { first_producer, count, ..task };
                scope.spawn(move || run(&task, killed, |_| {}))
            };
            let processes: Vec<_> = (0..).step_by(PRODUCERS).zip(killed).map(start).collect();
            processes.into_iter().flat_map(|it| it.join().expect("it doesn't panic")).collect::<Vec<_>>()
        });
        assert_eq!(told[PRODUCERS..], [20; PRODUCERS * (PROCESSES - 1)], "the others go on");
        assert_eq!(look(&file, &told).lost, 0, "{told:?}");
    }
}

#[test]
fn a_reader_that_stays_long_holds_up_no_write_and_after_it_the_log_gets_short_again() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("app.db");
    let app = app(&Task::endless(file.clone(), Told::default())).start().wait().expect("the app starts");
    let database = app.database("app").expect("it is there");
    // 16 MB, four times the largest log without a blocking reader.
    let write = || {
        for number in 0..20 {
            let many = database.write(move |tx| {
                for _ in 0..100 {
                    tx.track(Counted { producer: 0, number, filler: "x".repeat(8000) })?;
                }
                Ok(())
            });
            many.wait().expect("nothing is in its way");
        }
    };
    let size_of_log = || fs::metadata(file.with_extension("db-wal")).expect("it is there").len();
    write();
    let short = size_of_log();

    let (reads, is_reading) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let reader = database.clone();
    let reading = std::thread::spawn(move || {
        let read = reader.read(move |connection| {
            let count =
                || connection.query_row("SELECT count(*) FROM events", (), |row| row.get::<_, u32>(0));
            let before = count()?;
            reads.send(()).expect("the test waits");
            // Until the test lets go.
            let _ = released.recv();
            Ok((before, count()?))
        });
        read.wait()
    });
    is_reading.recv().expect("it reads");
    write();
    let long = size_of_log();
    assert!(long > 2 * short && long > 16_000_000, "the reader keeps all of it: {short}, {long}");
    drop(release);
    let counts = reading.join().expect("it doesn't panic").expect("it can be read");
    assert_eq!(counts, (2000, 2000), "it sees one state");

    write();
    assert!(size_of_log() < 2 * short.max(4 << 20), "{} bytes stay", size_of_log());
    assert_eq!(count(&file), 6000);
    // No connection writes, so the rest of the log gets into the file, too.
    while size_of_log() > 0 {
        std::thread::yield_now();
    }
    app.shutdown().wait().expect("everything is written");
}

fn count(file: &Path) -> u32 {
    let connection = Connection::open(file).expect("the file is there");
    connection.query_row("SELECT count(*) FROM events", (), |row| row.get(0)).expect("it can be read")
}
