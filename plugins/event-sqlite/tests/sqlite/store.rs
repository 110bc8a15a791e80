//! What is in the table after an event was tracked.

use std::future::Future;
use std::task::{Context, Waker};

use event_core::Durability;
use event_core::prelude::*;
use event_sqlite::rusqlite::Connection;
use event_sqlite::{Error, JournalExt, SqliteExt};
use serde_json::Value;

use crate::files::{Files, UserBanned, banned};
use crate::writes::hold;

#[test]
fn a_tracked_event_is_a_row_when_track_returns() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    let at = "2026-11-22T11:57:54.619377Z".parse().expect("a time");
    let track = app.track(banned("mallory")).by(Actor::new("root").with("token", "dstok")).at(at);
    let receipt = track.wait().expect("nothing refuses");
    assert_eq!(receipt.durability(), Durability::OnDisk);
    let rows = files.texts(
        "store.db",
        "SELECT json_array(seq, id, name, version, created, actor_id, actor, properties) FROM events",
    );
    let expected = json!([
        1,
        receipt.id(),
        "user-banned",
        1,
        "2026-11-22T11:57:54.619377Z",
        "root",
        r#"{"id":"root","token":"dstok"}"#,
        r#"{"user":"mallory"}"#,
    ]);
    assert_eq!(rows, [expected.to_string()]);
    app.shutdown().wait().expect("everything is written");
}

#[test]
fn what_is_promised_is_what_the_settings_can_keep() {
    for (ack, synchronous, promise) in [
        ("commit", "full", Durability::OnDisk),
        ("commit", "normal", Durability::Enqueued),
        ("enqueued", "full", Durability::Enqueued),
    ] {
        let files = Files::new();
        let app = files.start(json!({
            "databases": { "store": { "path": "store.db", "synchronous": synchronous } },
            "store": { "ack": ack },
        }));
        let receipt = app.track(banned("mallory")).wait().expect("nothing refuses");
        assert_eq!(receipt.durability(), promise, "{ack} {synchronous}");
        app.shutdown().wait().expect("everything is written");
    }
}

#[test]
fn many_callers_at_once_are_all_answered_and_each_event_is_there_once() {
    const CALLERS: usize = 64;
    for ack in ["commit", "enqueued"] {
        let files = Files::new();
        let app = files.start(json!({ "store": { "path": "store.db", "ack": ack } }));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let app = app.clone();
                runtime.spawn(async move {
                    for number in 0..20 {
                        app.track(banned(&format!("{caller} {number}"))).await.expect("nothing refuses");
                    }
                })
            })
            .collect();
        for caller in callers {
            runtime.block_on(caller).expect("it doesn't panic");
        }
        app.shutdown().wait().expect("everything is written");
        let users = files.texts("store.db", "SELECT DISTINCT properties FROM events");
        assert_eq!(users.len(), CALLERS * 20, "{ack}");
        let last: Vec<i64> = files.rows("store.db", "SELECT max(seq) FROM events", (), |row| row.get(0));
        assert_eq!(last, [64 * 20], "{ack}");
    }
}

#[test]
fn a_full_queue_makes_callers_wait_and_drops_nothing() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db", "ack": "enqueued", "queue": 4 } }));
    let release = hold(&app.database("store").expect("it is there"));
    // The closure that holds the writer is one of the four.
    for user in ["1", "2", "3"] {
        app.track(banned(user)).wait().expect("there is room");
    }
    let mut context = Context::from_waker(Waker::noop());
    let mut fourth = Box::pin(app.track(banned("4")).into_future());
    let mut fifth = Box::pin(app.track(banned("5")).into_future());
    assert!(fourth.as_mut().poll(&mut context).is_pending());
    assert!(fifth.as_mut().poll(&mut context).is_pending());
    assert_eq!(app.sqlite_store().expect("it is there").status().waiting, 4);
    // One that gives up must not keep the other from the room that there will be.
    drop(fourth);
    let fifth = std::thread::scope(|scope| {
        let fifth = scope.spawn(|| pollster::block_on(fifth));
        drop(release);
        fifth.join().expect("it doesn't panic")
    });
    fifth.expect("there is room again");
    app.shutdown().wait().expect("everything is written");
    let users = files.texts("store.db", "SELECT properties ->> '$.user' FROM events ORDER BY seq");
    assert_eq!(users, ["1", "2", "3", "5"]);
}

#[test]
fn shutdown_writes_what_waits_and_the_status_counts_it() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db", "ack": "enqueued" } }));
    let store = app.sqlite_store().expect("it is there");
    let release = hold(store.database());
    for number in 0..100 {
        app.track(banned(&number.to_string())).wait().expect("there is room");
    }
    assert_eq!(store.status().written, 0);
    let mut shutdown = Box::pin(app.shutdown());
    assert!(shutdown.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(release);
    pollster::block_on(shutdown).expect("everything is written");
    assert_eq!((store.status().written, store.status().waiting, store.status().refused), (100, 0, 0));
    assert_eq!(files.texts("store.db", "SELECT id FROM events").len(), 100);
}

#[test]
fn an_event_that_the_table_refuses_with_nobody_waiting_is_counted_and_takes_no_other_with_it() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db", "ack": "enqueued" } }));
    let store = app.sqlite_store().expect("it is there");
    let trigger = "CREATE TRIGGER never BEFORE INSERT ON events WHEN new.properties LIKE '%eve%' \
                   BEGIN SELECT RAISE(ABORT, 'no eve here'); END";
    store.database().execute_write(trigger, ()).wait().expect("it can be written");
    for user in ["mallory", "eve", "trent"] {
        app.track(banned(user)).wait().expect("there is room");
    }
    app.shutdown().wait().expect("everything is written");
    assert_eq!((store.status().written, store.status().refused), (2, 1));
}

/// Why an app with this store doesn't start.
fn refused(files: &Files, section: Value) -> Error {
    match files.app(section).start().wait() {
        Err(event_core::Error::Startup(failure)) => {
            failure.cause().downcast_ref::<Error>().expect("it is this plugin's error").clone()
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn shared() -> Value {
    json!({ "databases": { "app": { "path": "app.db" } }, "store": { "database": "app" } })
}

#[test]
fn a_file_that_was_closed_is_opened_again_and_one_of_a_newer_version_is_refused() {
    for (section, file, newer) in [
        (json!({ "store": { "path": "app.db" } }), "app.db", "PRAGMA user_version = 4"),
        (shared(), "app.db", "UPDATE event_sqlite SET store_version = 4"),
    ] {
        let files = Files::new();
        for user in ["first", "second"] {
            let app = files.start(section.clone());
            app.track(banned(user)).wait().expect("nothing refuses");
            app.shutdown().wait().expect("everything is written");
        }
        assert_eq!(files.texts(file, "SELECT id FROM events").len(), 2);
        let connection = Connection::open(files.path(file)).expect("the file is there");
        connection.execute_batch(newer).expect("it can be written");
        let error = refused(&files, section.clone());
        assert!(
            matches!(&error, Error::NewerStore { path, found: 4, known: 3 } if *path == files.path(file)),
            "{error}"
        );
        assert!(
            error.to_string().contains("by a newer event-sqlite, in version 4, and this one knows 3"),
            "{error}"
        );
    }
}

#[test]
fn a_table_of_that_name_that_is_somebody_elses_is_refused_and_stays_as_it_is() {
    for section in [json!({ "store": { "path": "app.db" } }), shared()] {
        let files = Files::new();
        let connection = Connection::open(files.path("app.db")).expect("it can be made");
        connection.execute_batch("CREATE TABLE events (mine)").expect("it can be written");
        let error = refused(&files, section);
        assert!(matches!(error, Error::NotTheStore { .. }), "{error}");
        let tables = files.texts("app.db", "SELECT sql FROM sqlite_schema");
        assert_eq!(tables, ["CREATE TABLE events (mine)"]);
    }
}

#[test]
fn the_version_of_an_applications_own_tables_stays_its_own() {
    let files = Files::new();
    let connection = Connection::open(files.path("app.db")).expect("it can be made");
    connection.execute_batch("CREATE TABLE user (name); PRAGMA user_version = 7").expect("it can be written");
    let app = files.start(shared());
    app.track(banned("mallory")).wait().expect("nothing refuses");
    app.shutdown().wait().expect("everything is written");
    let version: Vec<i64> = files.rows("app.db", "PRAGMA user_version", (), |row| row.get(0));
    assert_eq!(version, [7]);
}

/// Times of events are as they are given, and `seq` is the order in which they came.
#[test]
fn a_clock_that_goes_backwards_changes_no_order() {
    let files = Files::new();
    let clock = std::sync::atomic::AtomicI64::new(1_800_000_000);
    let builder = files.app(json!({ "store": { "path": "store.db" } })).clock(move || {
        let seconds = clock.fetch_sub(1000, std::sync::atomic::Ordering::Relaxed);
        chrono::DateTime::from_timestamp(seconds, 0).expect("a time")
    });
    let app = builder.start().wait().expect("the app starts");
    for user in ["1", "2", "3"] {
        app.track(banned(user)).wait().expect("nothing refuses");
    }
    let stored = app.store().expect("it is there").events().list().wait().expect("they can be read");
    let users: Vec<_> = stored.iter().map(|event| event.properties["user"].as_str()).collect();
    assert_eq!(users, [Some("1"), Some("2"), Some("3")]);
    assert!(stored[0].created > stored[1].created && stored[0].id > stored[1].id);
}

mod refused {
    use super::*;

    #[hookimpl(track_event, essential)]
    fn refuses(event: &UserBanned) -> std::result::Result<(), &'static str> {
        if event.user == "trent" { Err("not trent") } else { Ok(()) }
    }

    /// In this package, whose name is the store's, the module's name decides.
    #[hookimpl(track_event, essential, trylast)]
    fn comes_after_the_store() {}

    #[hookimpl(track_event, tryfirst)]
    fn acts_on_it(event: &UserBanned) {
        assert_ne!(event.user, "trent");
    }

    #[test]
    fn an_event_that_an_essential_implementation_refuses_is_no_row_and_nothing_acts_on_it() {
        let files = Files::new();
        let app = files.app(json!({ "store": { "path": "store.db" } })).hook(refuses).hook(acts_on_it);
        let app = app.start().wait().expect("the app starts");
        let refused = app.track(banned("trent")).wait();
        assert!(matches!(refused, Err(event_core::Error::Refused(_))), "{refused:?}");
        app.track(banned("mallory")).wait().expect("nothing refuses").strict().expect("nothing fails");
        assert_eq!(files.texts("store.db", "SELECT properties FROM events"), [r#"{"user":"mallory"}"#]);
    }

    #[test]
    fn an_app_in_which_an_event_could_be_refused_after_it_was_kept_does_not_start() {
        let files = Files::new();
        let section = json!({ "store": { "path": "store.db" } });
        let app = files.app(section).hook(comes_after_the_store).failure_handler(|_| ()).start().wait();
        let Err(event_core::Error::Startup(failure)) = app else { panic!("it started") };
        assert!(failure.cause().to_string().contains("::comes_after_the_store` ("), "{}", failure.cause());
        let without = json!({ "store": { "enabled": false } });
        files.app(without).hook(comes_after_the_store).start().wait().expect("nothing is kept");
    }
}

mod follow_ups {
    use super::*;

    #[derive(Event)]
    struct MailSent {
        level: u8,
    }

    #[hookimpl(track_event)]
    fn sends_mail(app: &App, event: &UserBanned) -> event_core::Result<()> {
        assert_eq!(event.user, "mallory");
        app.track(MailSent { level: 1 }).wait()?.strict().map(drop)
    }

    #[hookimpl(track_event)]
    fn sends_another(app: &App, event: &MailSent) -> event_core::Result<()> {
        match event.level {
            1 | 2 => app.track(MailSent { level: event.level + 1 }).wait()?.strict().map(drop),
            _ => Ok(()),
        }
    }

    #[test]
    fn that_a_plain_fn_tracks_are_rows_without_a_runtime_on_a_worker_and_on_the_only_thread_of_one() {
        let files = Files::new();
        let builder = files.app(json!({ "store": { "path": "store.db" } })).event::<MailSent>();
        let app = builder.hook(sends_mail).hook(sends_another).start().wait().expect("the app starts");
        let track = |app: App| async move { app.track(banned("mallory")).await?.strict().map(drop) };
        app.track(banned("mallory")).wait().expect("nothing refuses").strict().expect("nothing fails");
        let one = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        one.block_on(track(app.clone())).expect("nothing fails");
        let many = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
        many.block_on(async { tokio::spawn(track(app.clone())).await })
            .expect("no panic")
            .expect("nothing fails");
        let names = files.texts("store.db", "SELECT name FROM events ORDER BY seq");
        assert_eq!(names, ["user-banned", "mail-sent", "mail-sent", "mail-sent"].repeat(3));
        app.shutdown().wait().expect("everything is written");
    }
}
