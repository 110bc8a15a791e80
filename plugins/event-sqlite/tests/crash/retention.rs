//! What retention keeps for consumers.

use std::path::{Path, PathBuf};

use event_core::AppBuilder;
use event_core::prelude::*;
use event_sqlite::SqliteExt;
use event_sqlite::rusqlite::Connection;

use crate::another_log::hears_notes;
use crate::listening::{Listening, NONE};
use crate::writer::{Counted, itself};

const FILE: &str = "EVENT_SQLITE_CRASH_FILE";

fn seqs(file: &Path) -> Vec<i64> {
    let connection = Connection::open(file).expect("it is there");
    let mut statement = connection.prepare("SELECT seq FROM events ORDER BY seq").expect("it has events");
    let rows = statement.query_map((), |row| row.get(0)).expect("it can be read");
    rows.collect::<Result<_, _>>().expect("they are numbers")
}

impl Listening {
    /// Removes what is old; gives what is left.
    fn remove_old(&self, file: &Path) -> Vec<i64> {
        self.app.sqlite_store().expect("it is there").remove_old().wait().expect("they can be removed");
        seqs(file)
    }

    fn pause(&self) {
        self.deliveries().pause(self.name()).wait().expect("it is there");
    }

    fn resume(&self) {
        self.deliveries().resume(self.name()).wait().expect("it is there");
        self.settle();
        // Its position is saved.
        self.pause();
    }
}

/// The store keeps one event. Of what a consumer has got, only the last event stays: by its id, another log is recognised.
fn work(file: &Path) {
    let listening = Listening::start_keeping_one(file, 0);
    listening.pause();
    (0..6).for_each(|number| listening.track(number));
    for _ in 0..2 {
        assert_eq!(listening.remove_old(file), [1, 2, 3, 4, 5, 6], "nothing is delivered");
    }
    listening.resume();
    assert_eq!((listening.heard(), listening.dead()), (vec![1, 2, 3, 4, 5], 1));
    // Delivered again, the dead one is still to be delivered.
    let dead = listening.deliveries().dead_letters(listening.name(), 0, 1).wait();
    listening.deliveries().retry(&dead.expect("it can be read")[0]).wait().expect("it is there");
    assert_eq!(listening.remove_old(file), [1, 2, 3, 4, 5, 6], "the first one is armed again");
    listening.reject(NONE);
    listening.resume();
    assert_eq!(listening.heard(), [1, 2, 3, 4, 5, 0]);
    assert_eq!(listening.remove_old(file), [6]);

    (6..9).for_each(|number| listening.track(number));
    assert_eq!(
        listening.remove_old(file),
        [6, 7, 8, 9],
        "the last one that it got, and three that it didn't get"
    );
    listening.app.shutdown().wait().expect("everything is written");
    let again = Listening::start_keeping_one(file, NONE);
    again.settle();
    assert_eq!(again.heard(), [6, 7, 8]);
    again.app.shutdown().wait().expect("everything is written");
}

#[test]
fn retention_keeps_what_a_consumer_still_has_to_deliver_and_says_so_once_each_time() {
    const NAME: &str =
        "retention::retention_keeps_what_a_consumer_still_has_to_deliver_and_says_so_once_each_time";
    if let Some(file) = std::env::var_os(FILE) {
        return work(&PathBuf::from(file));
    }
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let output = itself(NAME).env(FILE, directory.path().join("app.db")).output().expect("it can be started");
    let (said, complaints) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{complaints}");
    let lines: Vec<_> = complaints.lines().filter(|line| line.contains("old events are kept")).collect();
    let of_first = lines.iter().filter(|line| line.contains("from seq 1 on") && line.contains("hears`"));
    assert_eq!(of_first.count(), 1, "{complaints}");
    // The second time, perhaps by the second app, too.
    assert!(lines.iter().any(|line| line.contains("from seq 7 on")), "{complaints}");
}

/// Only their number is worth a save.
#[test]
fn many_events_that_no_consumer_hears_are_let_go_while_the_app_runs() {
    const EVENTS: u32 = 11_000;
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("app.db");
    let with = |app: AppBuilder| {
        app.hook(hears_notes)
            .config(json!({ "plugins": { "event-sqlite": { "store": { "keep_rows": 1 } } } }))
    };
    let listening = Listening::try_start(&file, NONE, NONE, with).expect("the app starts");
    let many = listening.app.database("app").expect("it is there").write(|tx| {
        for number in 0..EVENTS {
            tx.track(Counted { producer: 0, number, filler: String::new() })?;
        }
        Ok(())
    });
    many.wait().expect("the disk works");
    while listening.remove_old(&file).len() > 1 {
        std::thread::yield_now();
    }
    listening.app.shutdown().wait().expect("everything is written");
}
