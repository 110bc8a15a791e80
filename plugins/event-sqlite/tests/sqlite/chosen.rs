//! What the store does where the settings choose another plugin's journal.

use event_core::AppBuilder;
use event_core::prelude::*;
use event_journal::{MemoryJournal, testing};
use event_sqlite::{Error, JournalExt, SqliteExt};

use crate::files::{Files, UserBanned, banned};

/// With the memory journal beside event-sqlite, whose store is configured or not.
fn builder(files: &Files, journal: &str, is_configured: bool) -> AppBuilder {
    let section =
        if is_configured { json!({ "store": { "path": files.path("store.db") } }) } else { json!({}) };
    testing::app(&MemoryJournal::new())
        .event::<UserBanned>()
        .hook(event_sqlite::open_databases)
        .hook(event_sqlite::finish_opening)
        .hook(event_sqlite::open_journal)
        .hook(event_sqlite::keep_event)
        .hook(event_sqlite::close_databases)
        .config(json!({ "plugins": { "event-journal": { "journal": journal }, "event-sqlite": section } }))
}

fn start(builder: AppBuilder) -> App {
    builder.start().wait().expect("the app starts")
}

fn kept(app: &App) -> usize {
    app.store().expect("there is a journal").events().list().wait().expect("they can be read").len()
}

#[test]
fn a_store_that_is_not_the_chosen_journal_keeps_nothing_and_makes_no_file() {
    let files = Files::new();
    // The file would be in the working directory.
    let path = std::env::current_dir().expect("there is one").join("store.db");
    assert!(!path.exists(), "a test leaves no file there");
    let app = start(builder(&files, "event-journal", false));
    app.track(banned("mallory")).wait().expect("nothing refuses");
    assert_eq!(kept(&app), 1, "it is in the chosen one");
    let error = app.sqlite_store().expect_err("it is off");
    assert!(matches!(&error, Error::AnotherJournal { chosen } if chosen == "event-journal"), "{error:?}");
    assert!(error.to_string().contains("[plugins.event-sqlite.store]"), "{error}");
    app.shutdown().wait().expect("nothing fails");
    assert!(!path.exists());
}

#[test]
fn a_store_that_is_not_the_chosen_journal_keeps_events_all_the_same_if_it_is_configured() {
    let files = Files::new();
    let app = start(builder(&files, "event-journal", true));
    app.track(banned("mallory")).wait().expect("nothing refuses");
    assert_eq!(kept(&app), 1);
    assert_eq!(app.sqlite_store().expect("it is on").status().written, 1);
    app.shutdown().wait().expect("everything is written");
    assert_eq!(files.texts("store.db", "SELECT name FROM events"), ["user-banned"]);
}

#[test]
fn the_store_is_the_journal_where_it_is_chosen() {
    let files = Files::new();
    let app = start(builder(&files, "event-sqlite", true));
    app.track(banned("mallory")).wait().expect("nothing refuses");
    assert_eq!(kept(&app), 1);
    let database = app.sqlite_store().expect("it is on").database().clone();
    database.execute_write("DELETE FROM events", ()).wait().expect("it can be written");
    assert_eq!(kept(&app), 0, "they are read from the file");
    app.shutdown().wait().expect("everything is written");
}
