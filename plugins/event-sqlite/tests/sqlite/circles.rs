//! Closures that wait for each other, and what a wait that doesn't end says.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier};

use event_core::prelude::*;
use event_core::{Context, Scope};
use event_sqlite::{Database, DatabaseOptions, Error, SqliteExt};
use uuid::Uuid;

use crate::files::{Files, banned};

fn databases<const N: usize>(files: &Files, app: &App) -> [Database; N] {
    std::array::from_fn(|number| {
        let options = DatabaseOptions::new(files.path(&format!("{number}.db")));
        let database = app.add_database(format!("d{number}"), options).expect("it can be opened");
        database.execute_write("CREATE TABLE t (a)", ()).wait().expect("it can be written");
        database
    })
}

/// Each closure writes to the next database, the last one to the first, when all of them have their turns.
fn circle<const N: usize>() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "enabled": false } }));
    let all = databases::<N>(&files, &app);
    let together = Arc::new(Barrier::new(N));
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let writes: Vec<_> = (0..N)
            .map(|number| {
                let (next, together) = (all[(number + 1) % N].clone(), together.clone());
                let write = all[number].write(move |_| {
                    together.wait();
                    next.execute_write("INSERT INTO t VALUES (1)", ()).wait()
                });
                scope.spawn(|| write.wait())
            })
            .collect();
        writes.into_iter().map(|write| write.join().expect("it doesn't panic")).collect()
    });
    let refused: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert_eq!(refused.len(), 1, "one of them breaks the circle: {refused:?}");
    assert!(matches!(refused[0], Error::Circle { .. }), "{:?}", refused[0]);
    app.shutdown().wait().expect("nothing waits any more");
}

#[test]
fn a_write_that_would_wait_for_a_closure_that_waits_for_it_is_an_error_and_no_deadlock() {
    circle::<2>();
    circle::<3>();
}

#[test]
fn a_closure_that_writes_to_another_database_without_a_circle_is_fine_however_often() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "enabled": false } }));
    let [first, second] = databases(&files, &app);
    for (from, to) in [(&first, &second), (&second, &first), (&first, &second)] {
        let to = to.clone();
        let write = from.write(move |_| to.execute_write("INSERT INTO t VALUES (1)", ()).wait());
        write.wait().expect("no closure waits for this one");
    }
}

/// Set for a process that may wait for good.
const WAITS: &str = "EVENT_SQLITE_TEST_WAITS";

#[test]
fn a_wait_that_does_not_end_is_a_line_that_names_both_places() {
    if std::env::var_os(WAITS).is_some() {
        let files = Files::new();
        let app = files.start(json!({ "store": { "enabled": false } }));
        let [database] = databases(&files, &app);
        let held = database.clone();
        // Joins a thread that writes, which no one can know.
        let write = database.write(move |_| {
            let writes =
                std::thread::spawn(move || held.execute_write("INSERT INTO t VALUES (1)", ()).wait());
            Ok(writes.join().is_ok())
        });
        let _ = write.wait();
        unreachable!("it waits for itself");
    }
    let name = "circles::a_wait_that_does_not_end_is_a_line_that_names_both_places";
    let mut itself = Command::new(std::env::current_exe().expect("a test is a program"));
    itself.args([name, "--exact", "--nocapture"]).env(WAITS, "").stderr(Stdio::piped()).stdout(Stdio::null());
    let mut itself = itself.spawn().expect("it can be started");
    let lines = BufReader::new(itself.stderr.take().expect("it was piped")).lines();
    let here = |line: &str| line.matches("tests/sqlite/circles.rs:").count() == 2;
    let line = lines.map_while(Result::ok).find(|line| line.contains("has waited for") && here(line));
    itself.kill().expect("it runs");
    itself.wait().expect("it ends");
    let line = line.expect("it says so");
    assert!(line.contains("the call at ") && line.contains("the closure at "), "{line}");
}

#[test]
fn an_event_of_a_write_has_the_scope_in_which_the_write_was_asked_for() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    let recorder = app.recorder();
    let database = app.database("store").expect("it is there");
    let scope = Scope::new().actor("ada").context(Context::new().with_request_id("1"));
    let write = scope.run(|| {
        database.write(|tx| {
            tx.track(banned("mallory"))?;
            Ok(())
        })
    });
    write.wait().expect("it can be written");
    let event = recorder.last().expect("one was tracked");
    assert_eq!(event.actor().and_then(Actor::id), Some("ada"));
    assert_eq!(event.context().and_then(Context::request_id), Some("1"));
    assert_eq!(files.texts("store.db", "SELECT actor_id FROM events"), ["ada"]);
}

#[test]
fn what_a_closure_says_of_its_events_context_wins_over_the_scope() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    let recorder = app.recorder();
    let database = app.database("store").expect("it is there");
    let scope = Scope::new().context(Context::new().with_request_id("1").with_tenant("north"));
    let write = scope.run(|| {
        database.write(|tx| {
            let tracked = tx.track(banned("mallory"))?.context(Context::new().with_tenant("south"));
            tracked
                .context(Context::new().with("shop", "channel", "web"))
                .by("ada")
                .caused_by(Uuid::from_u128(17));
            Ok(())
        })
    });
    write.wait().expect("it can be written");
    let event = recorder.last().expect("one was tracked");
    assert_eq!(event.context().and_then(Context::cause), Some(Uuid::from_u128(17)));
    let context = event.context().expect("it has one");
    assert_eq!((context.request_id(), context.tenant()), (Some("1"), Some("south")));
    assert_eq!(context.get("shop", "channel"), Some("web"));
}
