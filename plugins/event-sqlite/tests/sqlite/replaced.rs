//! A database whose files are removed or replaced while it is open.

use std::fs;
use std::path::{Path, PathBuf};

use event_core::prelude::*;
use event_sqlite::{Database, Error, JournalExt, SqliteExt};

use crate::files::{Files, banned};

fn store(files: &Files) -> (App, Database) {
    let app = files.start(json!({ "databases": { "store": { "path": "store.db" } } }));
    let database = app.database("store").expect("it is there");
    (app, database)
}

/// What a `track` says that isn't kept.
fn refused(app: &App, user: &str) -> Error {
    match app.track(banned(user)).wait() {
        Err(event_core::Error::Refused(failure)) => {
            failure.cause().downcast_ref::<Error>().expect("it is this plugin's error").clone()
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn users(files: &Files, file: &str) -> Vec<String> {
    files.texts(file, "SELECT properties ->> '$.user' FROM events ORDER BY seq")
}

fn replaced_file(error: &Error) -> PathBuf {
    match error {
        Error::Replaced { file, .. } => file.clone(),
        other => panic!("another error: {other}"),
    }
}

fn failing(app: &App) -> Option<Error> {
    app.sqlite_store().expect("there is one").status().failing
}

/// Waits until the idle writer has looked at its files and found this.
fn until(is: impl Fn() -> bool) {
    while !is() {
        std::thread::yield_now();
    }
}

#[test]
fn a_removed_file_refuses_events_and_writes_with_its_name_and_is_in_the_status() {
    let files = Files::new();
    let (app, database) = store(&files);
    app.track(banned("before")).wait().expect("the file is there");
    fs::remove_file(files.path("store.db")).expect("it is there");
    let error = refused(&app, "into nothing");
    assert_eq!(
        replaced_file(&error),
        fs::canonicalize(files.path("")).expect("it is there").join("store.db")
    );
    let text = error.to_string();
    assert!(
        text.contains("was removed or replaced while it was open; put it back, or start the app again"),
        "{text}"
    );
    let error = database.execute_write("CREATE TABLE t (x)", ()).wait().expect_err("it would be lost");
    replaced_file(&error);
    replaced_file(&failing(&app).expect("the store fails"));
    assert!(!files.path("store.db").exists(), "nothing makes an empty file in its place");
}

#[test]
fn a_file_that_is_put_back_is_written_again_and_has_what_was_tracked_before() {
    let files = Files::new();
    let (app, _) = store(&files);
    app.track(banned("before")).wait().expect("the file is there");
    fs::rename(files.path("store.db"), files.path("moved.db")).expect("it is there");
    replaced_file(&refused(&app, "meanwhile"));
    fs::rename(files.path("moved.db"), files.path("store.db")).expect("it is there");
    app.track(banned("after")).wait().expect("the file is back");
    assert!(failing(&app).is_none());
    assert_eq!(users(&files, "store.db"), ["before", "after"]);
    app.shutdown().wait().expect("everything is written");
}

#[test]
fn an_idle_store_finds_out_that_its_file_is_gone_and_that_it_is_back() {
    let files = Files::new();
    let (app, _) = store(&files);
    app.track(banned("before")).wait().expect("the file is there");
    fs::rename(files.path("store.db"), files.path("moved.db")).expect("it is there");
    until(|| failing(&app).is_some());
    fs::rename(files.path("moved.db"), files.path("store.db")).expect("it is there");
    until(|| failing(&app).is_none());
}

#[test]
fn another_file_at_the_same_path_is_left_alone() {
    let files = Files::new();
    let (app, database) = store(&files);
    app.track(banned("before")).wait().expect("the file is there");
    fs::rename(files.path("store.db"), files.path("moved.db")).expect("it is there");
    fs::write(files.path("store.db"), "another file").expect("it can be written");
    replaced_file(&refused(&app, "meanwhile"));
    let error = database.execute_write("CREATE TABLE t (x)", ()).wait().expect_err("it isn't this file");
    replaced_file(&error);
    let _ = app.shutdown().wait();
    assert_eq!(fs::read(files.path("store.db")).expect("it is there"), b"another file");
}

#[test]
fn a_read_after_the_file_was_replaced_reads_no_other_file() {
    let files = Files::new();
    let (app, _) = store(&files);
    app.track(banned("before")).wait().expect("the file is there");
    let other = files.start(json!({ "databases": { "store": { "path": "other.db" } } }));
    other.track(banned("somewhere else")).wait().expect("nothing refuses");
    other.shutdown().wait().expect("everything is written");
    fs::rename(files.path("other.db"), files.path("store.db")).expect("it is there");
    let error = app.store().expect("there is one").events().list().wait().expect_err("it isn't the store's");
    assert!(event_core::plugin::error_line(&error).contains("removed or replaced"), "{error:?}");
}

#[test]
fn what_was_promised_before_the_log_was_removed_is_in_the_file() {
    promised_before(|files| remove(&files.path("store.db-wal")));
}

#[test]
fn what_was_promised_before_the_log_was_replaced_is_in_the_file() {
    promised_before(|files| {
        remove(&files.path("store.db-wal"));
        fs::write(files.path("store.db-wal"), "another file").expect("it can be written");
    });
}

#[test]
fn what_was_promised_before_all_files_but_the_database_were_removed_is_in_the_file() {
    promised_before(|files| {
        remove(&files.path("store.db-wal"));
        remove(&files.path("store.db-shm"));
    });
}

fn promised_before(files_change: impl FnOnce(&Files)) {
    let files = Files::new();
    let (app, _) = store(&files);
    for number in 0..100 {
        app.track(banned(&number.to_string())).wait().expect("nothing refuses");
    }
    files_change(&files);
    replaced_file(&failing_after(&app));
    // As kill -9 does: what the process has open is gone with it.
    let copy = files.path("copy.db");
    fs::copy(files.path("store.db"), &copy).expect("it is there");
    let expected: Vec<_> = (0..100).map(|number| number.to_string()).collect();
    assert_eq!(users(&files, "copy.db"), expected);
}

#[test]
fn a_restart_after_the_log_was_removed_has_everything_that_was_promised() {
    let files = Files::new();
    let (app, _) = store(&files);
    let mut kept: Vec<_> = (0..100).map(|number| number.to_string()).collect();
    for user in &kept {
        app.track(banned(user)).wait().expect("nothing refuses");
    }
    remove(&files.path("store.db-wal"));
    for number in 100..200 {
        let user = number.to_string();
        if app.track(banned(&user)).wait().is_ok() {
            kept.push(user);
        }
    }
    let _ = app.shutdown().wait();
    drop(app);
    let (app, _) = store(&files);
    app.track(banned("after the restart")).wait().expect("the files are as they should be");
    kept.push("after the restart".to_owned());
    assert_eq!(users(&files, "store.db"), kept);
    assert!(failing(&app).is_none());
}

#[test]
fn a_file_has_one_writer_by_whatever_name_it_is_opened() {
    let files = Files::new();
    let (app, _) = store(&files);
    fs::hard_link(files.path("store.db"), files.path("link.db")).expect("the file system has hard links");
    let options = event_sqlite::DatabaseOptions::new(files.path("link.db"));
    let error = app.add_database("link", options).expect_err("it is open");
    assert!(matches!(&error, Error::SameFile { open_as, .. } if open_as == "store"), "{error}");
}

fn remove(path: &Path) {
    fs::remove_file(path).expect("it is there");
}

/// The error of the first event after files changed.
fn failing_after(app: &App) -> Error {
    refused(app, "after")
}
