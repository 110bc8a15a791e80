//! A consumer whose function a program has removed: it is told, and can be forgotten.

use std::path::{Path, PathBuf};

use event_core::AppBuilder;
use event_core::prelude::*;
use event_sqlite::SqliteExt;

use crate::another_log::hears_notes;
use crate::listening::{Listening, NONE};
use crate::writer::itself;

const FILE: &str = "EVENT_SQLITE_CRASH_FILE";

/// The program after the function is gone, which keeps one event.
fn without_it(file: &Path, name: &str) {
    let keep = json!({ "plugins": { "event-sqlite": { "store": { "keep_rows": 1 } } } });
    let with = |builder: AppBuilder| builder.hook(hears_notes).config(keep);
    let app = Listening::try_start(file, NONE, NONE, with).expect("the app starts").app;
    let remove_old =
        || app.sqlite_store().expect("it is there").remove_old().wait().expect("they can be removed");
    assert_eq!(remove_old(), 0, "the other consumer hasn't got them");
    let deliveries = event_journal::JournalExt::deliveries(&app).expect("it has a consumer");
    deliveries.remove(name).wait().expect("no process has it");
    assert!(remove_old() > 0);
    app.shutdown().wait().expect("everything is written");
}

#[test]
fn a_consumer_that_the_program_has_no_more_is_told_at_the_start_and_holds_retention_until_it_is_removed() {
    const NAME: &str = "orphans::a_consumer_that_the_program_has_no_more_is_told_at_the_start_and_holds_retention_until_it_is_removed";
    if let Some(file) = std::env::var_os(FILE) {
        return without_it(&PathBuf::from(file), "event-sqlite::hears");
    }
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("app.db");
    let before = Listening::start(&file, NONE, NONE);
    before.deliveries().pause("event-sqlite::hears").wait().expect("it is there");
    (0..5).for_each(|number| before.track(number));
    before.app.shutdown().wait().expect("everything is written");

    let output = itself(NAME).env(FILE, &file).output().expect("it can be started");
    let (said, complaints) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{complaints}");
    let told = complaints
        .lines()
        .filter(|line| line.contains("a consumer `event-sqlite::hears` that this program doesn't have"));
    assert_eq!(told.count(), 1, "{complaints}");
}
