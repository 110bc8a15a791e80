//! Apps that keep no events, and what they say when they are asked for them.

use std::path::Path;

use event_core::AppBuilder;
use event_core::prelude::*;
use event_sqlite::{DatabaseOptions, Error, JournalExt, SqliteExt};
use serde_json::Value;

use crate::files::{Files, UserBanned, banned};

fn app() -> AppBuilder {
    App::builder().without_linked().event::<UserBanned>()
}

fn with(builder: AppBuilder, section: &Value) -> AppBuilder {
    builder.config(json!({ "plugins": { "event-sqlite": section } }))
}

fn start(builder: AppBuilder) -> App {
    builder.start().wait().expect("the app starts")
}

/// Set for a process whose working directory is one of its own.
const ALONE: &str = "EVENT_SQLITE_TEST_ALONE";

/// Whether this is such a process. Otherwise the test was run in one.
fn is_alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let files = Files::new();
    let mut itself = std::process::Command::new(std::env::current_exe().expect("a test is a program"));
    itself.args([test, "--exact", "--nocapture"]).env(ALONE, "").current_dir(files.path("."));
    let output = itself.output().expect("it can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    false
}

fn files_here() -> Vec<String> {
    let entries = std::fs::read_dir(".").expect("it can be read");
    let names =
        entries.map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned());
    names.collect()
}

#[test]
fn an_app_that_keeps_no_events_says_so_and_makes_no_file_for_them() {
    if !is_alone("without_store::an_app_that_keeps_no_events_says_so_and_makes_no_file_for_them") {
        return;
    }
    let switched_off = || with(app().hook(event_sqlite::keep_event), &json!({ "enabled": false }));
    for builder in [
        app(),
        app()
            .hook(event_sqlite::open_databases)
            .hook(event_sqlite::open_journal)
            .hook(event_sqlite::finish_opening),
        switched_off(),
    ] {
        let app = start(builder);
        app.track(banned("mallory")).wait().expect("nothing refuses");
        let error = app.sqlite_store().expect_err("it has none");
        assert!(matches!(error, Error::KeepsNoEvents), "{error:?}");
        let journal_error = app.store().expect_err("it has none");
        assert!(matches!(journal_error, event_journal::Error::NoStore { .. }), "{journal_error:?}");
        for text in [error.to_string(), journal_error.to_string()] {
            for remedy in
                ["plugins![event_sqlite]", "enabled = false", ".hook(event_sqlite::keep_event)", "store.path"]
            {
                assert!(text.contains(remedy), "{text}");
            }
        }
        let Err(Error::UnknownDatabase { known, .. }) = app.database("store") else {
            panic!("there is none")
        };
        assert!(known.is_empty(), "{known:?}");
        app.add_database("store", DatabaseOptions::new("my.db")).expect("the name is free");
        app.store().expect_err("that is another one");
        assert_eq!(
            files_here().iter().filter(|name| !name.starts_with("my.db")).count(),
            0,
            "{:?}",
            files_here()
        );
        app.shutdown().wait().expect("everything is written");
    }
}

/// As an application does that chooses which events it keeps.
#[hookimpl(track_event, essential)]
async fn keep_some(app: &App, event: &Tracked) -> event_sqlite::Result<()> {
    event_sqlite::keep_event(app, event).await
}

#[test]
fn an_app_whose_own_code_keeps_events_has_the_store_from_the_first_one_on() {
    if !is_alone("without_store::an_app_whose_own_code_keeps_events_has_the_store_from_the_first_one_on") {
        return;
    }
    let app =
        start(app().hook(event_sqlite::open_journal).hook(keep_some).hook(event_sqlite::close_databases));
    app.store().expect_err("none was kept");
    app.track(banned("mallory")).wait().expect("nothing refuses");
    let events = app.store().expect("it is there").events().list().wait().expect("it can be read");
    assert_eq!(events.len(), 1);
    assert!(Path::new("store.db").exists());
    app.database("store").expect("it is there");
    app.shutdown().wait().expect("everything is written");
}

#[test]
fn an_app_that_keeps_no_events_reads_those_of_the_file_that_its_settings_name() {
    let files = Files::new();
    let keeps = files.start(json!({ "store": { "path": "store.db" } }));
    keeps.track(banned("mallory")).wait().expect("nothing refuses");
    keeps.shutdown().wait().expect("everything is written");
    let path = files.path("store.db");
    for section in
        [json!({ "store": { "path": path } }), json!({ "databases": { "store": { "path": path } } })]
    {
        let app =
            start(with(app().hook(event_sqlite::open_databases).hook(event_sqlite::open_journal), &section));
        assert_eq!(
            app.store().expect("it is named").events().list().wait().expect("it can be read").len(),
            1
        );
    }
    let builder = app()
        .hook(event_sqlite::open_databases)
        .hook(event_sqlite::open_journal)
        .hook(event_sqlite::keep_event);
    let off = start(with(builder, &json!({ "store": { "enabled": false } })));
    assert!(matches!(off.sqlite_store(), Err(Error::NoStore)));
    assert!(matches!(off.store(), Err(event_journal::Error::NoStore { .. })));
}
