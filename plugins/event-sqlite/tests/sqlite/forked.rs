//! What a process that was forked off a running program can do with its databases.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use event_core::prelude::*;
use event_journal::{DeadLetter, JournalExt, Refused};
use event_sqlite::{Error, SqliteExt};

use crate::files::{Files, banned};

/// Set for a process that may fork, since it has no other tests.
const FORKS: &str = "EVENT_SQLITE_TEST_FORKS";

/// Whether this is the test's process of its own, in which nothing else runs. If not, that one is run.
fn is_alone(test: &str) -> bool {
    if std::env::var_os(FORKS).is_some() {
        return true;
    }
    let mut itself = std::process::Command::new(std::env::current_exe().expect("a test is a program"));
    let output = itself.args([&format!("forked::{test}"), "--exact", "--nocapture"]).env(FORKS, "").output();
    let output = output.expect("it can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    false
}

/// Runs this in a forked process.
fn in_a_child(run: impl FnOnce()) {
    match fork::fork().expect("it can be forked") {
        fork::Fork::Child => {
            let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            std::process::exit(i32::from(refused.is_err()));
        }
        fork::Fork::Parent(child) => {
            let status = fork::waitpid(child).expect("it ends");
            assert_eq!(status, 0, "what the child found is on standard error");
        }
    }
}

/// Without the look at the process, the first call waited for good for a thread that isn't there.
#[test]
fn a_forked_process_is_refused_with_the_reason_and_ends() {
    if !is_alone("a_forked_process_is_refused_with_the_reason_and_ends") {
        return;
    }
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    app.track(banned("parent")).wait().expect("nothing refuses");
    let mut app = Some(app);
    in_a_child(|| everything_is_refused(app.take().expect("it is there")));
    let app = app.expect("the child took its copy");
    app.track(banned("parent again")).wait().expect("nothing refuses");
    app.shutdown().wait().expect("all is written");
    assert_eq!(files.texts("store.db", "SELECT properties ->> '$.user' FROM events").len(), 2);
}

#[derive(Default)]
struct Heard(AtomicUsize);

#[hookimpl(track_event, durable)]
fn hear(app: &App) -> event_core::Result<()> {
    app.state::<Heard>()?.0.fetch_add(1, Relaxed);
    Ok(())
}

const HEAR: &str = "event-sqlite::hear";

#[test]
fn the_deliveries_of_a_forked_process_are_refused_with_the_reason_and_it_ends() {
    if !is_alone("the_deliveries_of_a_forked_process_are_refused_with_the_reason_and_it_ends") {
        return;
    }
    let files = Files::new();
    let builder = files
        .app(json!({ "store": { "path": "store.db" } }))
        .insert(Heard::default())
        .hook(event_journal::open_the_journal)
        .hook(event_journal::begin_to_deliver)
        .hook(event_journal::stop_delivering)
        .hook(hear);
    let app = builder.start().wait().expect("it starts");
    app.track(banned("parent")).wait().expect("nothing refuses");
    let deliveries = app.deliveries().expect("it runs");
    deliveries.settled().wait().expect("it runs");
    let letter: DeadLetter = serde_json::from_value(json!({
        "consumer": HEAR, "seq": 1, "event_id": "", "event_name": "", "reason": "", "attempts": 1, "location": "",
        "first_attempt": "2026-11-29T08:00:00Z", "died": "2026-11-29T08:00:00Z",
    }))
    .expect("it is one");
    let mut own = Some((app, deliveries));
    in_a_child(|| {
        let (app, deliveries) = own.take().expect("they are there");
        let all = [
            deliveries.consumers().wait().map(drop),
            deliveries.settled().wait(),
            deliveries.pause(HEAR).wait(),
            deliveries.resume(HEAR).wait(),
            deliveries.deliver_now(HEAR).wait(),
            deliveries.dead_letters(HEAR, 0, 1).wait().map(drop),
            deliveries.retry(&letter).wait(),
            deliveries.drop_letter(&letter).wait(),
        ];
        for refused in all {
            let error = refused.expect_err("no thread delivers");
            assert!(matches!(error, Refused::Forked), "{error}");
            assert!(error.to_string().contains("start the app in the child"), "{error}");
        }
        let error = app.shutdown().wait().expect_err("nothing is delivered here").to_string();
        assert!(error.contains("the other one goes on delivering"), "{error}");
        drop((deliveries, app));
    });
    let (app, deliveries) = own.expect("the child took its copies");
    app.track(banned("parent again")).wait().expect("nothing refuses");
    deliveries.settled().wait().expect("it runs");
    assert_eq!(app.state::<Heard>().expect("it is there").0.load(Relaxed), 2);
    app.shutdown().wait().expect("all is written");
}

fn everything_is_refused(app: App) {
    let is_forked = |error: &Error| {
        assert!(matches!(error, Error::Forked { .. }), "{error}");
        assert!(error.to_string().contains("start the app in the child"), "{error}");
    };
    let store = app.sqlite_store().expect("it is there");
    match app.track(banned("child")).wait() {
        Err(event_core::Error::Refused(failure)) => {
            is_forked(failure.cause().downcast_ref().expect("it is this plugin's"));
        }
        other => panic!("{other:?}"),
    }
    let database = app.database("store").expect("it is there");
    is_forked(&database.execute_write("DELETE FROM events", ()).wait().expect_err("no thread writes"));
    let unread = app.store().expect("it is there").events().list().wait().expect_err("no thread reads");
    assert!(event_core::plugin::error_line(&unread).contains("start the app in the child"), "{unread:?}");
    is_forked(&store.status().failing.expect("it can't be used"));
    assert!(app.shutdown().wait().is_err(), "nothing can be written here");
    drop((database, store, app));
}
