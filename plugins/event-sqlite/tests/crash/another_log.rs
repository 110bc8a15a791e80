//! A file that isn't, or isn't any more, the one that a consumer's position is of; and a file of an earlier version.

use std::error::Error as _;
use std::fs;
use std::path::Path;

use event_core::AppBuilder;
use event_core::prelude::*;
use event_sqlite::rusqlite::Connection;

use crate::listening::{Listening, NONE, hears};
use crate::writer::{Counted, Noted, Task, Told, app};

#[hookimpl(track_event, durable)]
pub(crate) fn hears_notes(_event: &Noted) {}

#[hookimpl(track_event, durable(from = "start"))]
fn hears_from_the_start(app: &App, event: &Counted) -> Result<(), event_core::durable::Rejected> {
    hears(app, event)
}

/// Tracks these, delivers them, and ends in order.
fn deliver(file: &Path, numbers: std::ops::Range<u32>) -> Vec<u32> {
    let listening = Listening::start(file, NONE, NONE);
    numbers.for_each(|number| listening.track(number));
    listening.settle();
    listening.app.shutdown().wait().expect("everything is written");
    listening.heard()
}

/// Of a program without consumers.
fn only_track(file: &Path, numbers: std::ops::Range<u32>) {
    let app = app(&Task::endless(file.to_owned(), Told::default())).start().wait().expect("the app starts");
    for number in numbers {
        app.track(Counted { producer: 0, number, filler: String::new() }).wait().expect("the disk works");
    }
    app.shutdown().wait().expect("everything is written");
}

fn execute(file: &Path, sql: &str) {
    Connection::open(file).expect("it is there").execute_batch(sql).expect("it can be written");
}

const LOSE_THE_TAIL: &str =
    "DELETE FROM events WHERE seq > 5; UPDATE sqlite_sequence SET seq = 5 WHERE name = 'events'";

/// Why an app with such consumers doesn't start; nothing is called.
fn refusal(file: &Path, with: impl FnOnce(AppBuilder) -> AppBuilder) -> String {
    let Err(error) = Listening::try_start(file, NONE, NONE, with) else { panic!("it starts") };
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[test]
fn a_log_that_lost_its_tail_is_an_error_also_when_it_has_grown_again() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("app.db");
    assert_eq!(deliver(&file, 0..10).len(), 10);
    execute(&file, LOSE_THE_TAIL);
    let text = refusal(&file, |app| app.hook(hears));
    assert!(text.contains("its position is 10, and the log ends at 5"), "{text}");

    for grown in [6..11, 11..20] {
        only_track(&file, grown);
        let text = refusal(&file, |app| app.hook(hears));
        assert!(text.contains("`event-sqlite::hears`"), "{text}");
        assert!(text.contains("number 10, had the id"), "{text}");
        for way_on in [r#"durable(name = "…")"#, "put the file back", "app.db"] {
            assert!(text.contains(way_on), "{way_on}: {text}");
        }
    }
}

/// Its position went past events that it doesn't hear, and none of its own was there.
#[test]
fn a_log_that_lost_its_tail_is_an_error_also_for_a_consumer_that_heard_none_of_it() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("app.db");
    let with = |app: AppBuilder| app.hook(hears_notes);
    let listening = Listening::try_start(&file, NONE, NONE, with).expect("the app starts");
    (0..10).for_each(|number| listening.track(number));
    listening.settle();
    listening.app.shutdown().wait().expect("everything is written");
    execute(&file, LOSE_THE_TAIL);
    only_track(&file, 6..20);
    let text = refusal(&file, with);
    assert!(text.contains("number 10, had the id"), "{text}");
}

#[test]
fn a_log_of_another_identity_is_an_error() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("app.db");
    deliver(&file, 0..3);
    execute(&file, "UPDATE event_sqlite_journal SET identity = 'another'");
    let text = refusal(&file, |app| app.hook(hears));
    assert!(text.contains("and this is the log another"), "{text}");
}

/// Positions are in the same file as the events, so they are as old as those.
#[test]
fn an_older_copy_of_the_file_or_a_new_one_in_its_place_skips_no_event_that_comes_after() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let (file, copy) = (directory.path().join("app.db"), directory.path().join("copy.db"));
    assert_eq!(deliver(&file, 0..5).len(), 5);
    fs::copy(&file, &copy).expect("it can be copied");
    assert_eq!(deliver(&file, 5..10), [5, 6, 7, 8, 9]);
    fs::rename(&copy, &file).expect("it can be renamed");
    assert_eq!(deliver(&file, 20..22), [20, 21]);
    fs::remove_file(&file).expect("it is there");
    assert_eq!(deliver(&file, 30..33), [30, 31, 32]);
}

#[test]
fn a_file_of_schema_version_2_is_migrated_and_its_events_are_delivered_to_who_wants_them() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("app.db");
    only_track(&file, 0..3);
    execute(
        &file,
        "DROP TABLE event_sqlite_state; DROP TABLE event_sqlite_journal; UPDATE event_sqlite SET store_version = 2",
    );
    assert_eq!(deliver(&file, 3..5), [3, 4]);
    let with = |app: AppBuilder| app.hook(hears_from_the_start);
    let listening = Listening::try_start(&file, NONE, NONE, with).expect("the app starts");
    listening.settle();
    assert_eq!(listening.heard(), [0, 1, 2, 3, 4]);
    listening.app.shutdown().wait().expect("everything is written");
}
