//! What a `.wait()` that doesn't end says after a while: what it waits for is named.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use event_core::prelude::*;
use event_sqlite::{Database, JournalExt, SqliteExt};

use crate::files::{Files, UserBanned, banned};

/// Of those of one write, the second one never ends.
#[hookimpl(track_event)]
async fn never_mails(event: &UserBanned) {
    if event.user == "eve" {
        let (sender, receiver) = futures_channel::oneshot::channel::<()>();
        // It keeps the waker: a future that nothing can wake is dropped.
        std::mem::forget(sender);
        let _ = receiver.await;
    }
}

fn start(files: &Files) -> (App, Database) {
    let section =
        json!({ "databases": { "app": { "path": "app.db", "readers": 1 } }, "store": { "database": "app" } });
    let app = files.app(section).hook(never_mails).start().wait();
    let app = app.expect("nothing waits yet");
    let database = app.database("app").expect("it is there");
    (app, database)
}

/// Runs a closure that doesn't end, and returns when it runs.
fn occupy(occupy: impl FnOnce(mpsc::Sender<()>) + Send + 'static) {
    let (began, begins) = mpsc::channel();
    std::thread::spawn(move || occupy(began));
    begins.recv().expect("it runs");
}

fn never_ends(began: &mpsc::Sender<()>) -> event_sqlite::Result<()> {
    began.send(()).expect("the test waits");
    loop {
        std::thread::park();
    }
}

fn reader_is_occupied(database: &Database) {
    let database = database.clone();
    occupy(move |began| drop(database.read(move |_| never_ends(&began)).wait()));
}

fn writer_is_occupied(database: &Database) {
    let database = database.clone();
    occupy(move |began| drop(database.write(move |_| never_ends(&began)).wait()));
}

type Wait = fn(&App, &Database);

/// What waits, and what its line says.
const WAITS: [(&str, Wait); 6] = [
    (
        "the write is committed, and 1 of its 3 events are delivered: `sqlite::late::never_mails` (hook ",
        |_, db| {
            let tracks = |tx: &event_sqlite::Tx<'_>| {
                ["mallory", "eve", "mallory"]
                    .into_iter()
                    .try_for_each(|user| tx.track(banned(user)).map(drop))
            };
            drop(db.write(tracks).wait());
        },
    ),
    ("the closure at ", |_, db| {
        reader_is_occupied(db);
        drop(db.read(|_| Ok(())).wait());
    }),
    ("the closure at ", |app, db| {
        reader_is_occupied(db);
        drop(app.store().expect("it is there").events().list().wait());
    }),
    ("the closure at ", |app, db| {
        reader_is_occupied(db);
        drop(app.store().expect("it is there").events().stream().wait().next());
    }),
    ("the closure at ", |_, db| {
        writer_is_occupied(db);
        drop(db.execute_write("DELETE FROM events", ()).wait());
    }),
    ("`event_sqlite::keep_event` (hook track_event, ", |app, db| {
        writer_is_occupied(db);
        drop(app.track(banned("mallory")).wait());
    }),
];

/// Set for a process whose threads wait for good.
const FOREVER: &str = "EVENT_SQLITE_TEST_WAITS_FOREVER";

#[test]
fn each_wait_that_does_not_end_is_a_line_with_its_place_and_with_what_is_waited_for() {
    if std::env::var_os(FOREVER).is_some() {
        for (_, wait) in WAITS {
            std::thread::spawn(move || {
                let files = Files::new();
                let (app, database) = start(&files);
                wait(&app, &database);
            });
        }
        // It is ended before, unless a line is missing.
        std::thread::park_timeout(Duration::from_mins(1));
        return;
    }
    let name = "late::each_wait_that_does_not_end_is_a_line_with_its_place_and_with_what_is_waited_for";
    let mut itself = Command::new(std::env::current_exe().expect("a test is a program"));
    itself
        .args([name, "--exact", "--nocapture"])
        .env(FOREVER, "")
        .stderr(Stdio::piped())
        .stdout(Stdio::null());
    let mut itself = itself.spawn().expect("it can be started");
    let lines = BufReader::new(itself.stderr.take().expect("it was piped")).lines();
    // Those that occupy a reader or the writer wait, too.
    let lines = lines.map_while(Result::ok).filter(|line| line.contains("has waited for "));
    let mut lines: Vec<_> = lines.take(WAITS.len() + 5).collect();
    let _ = itself.kill();
    itself.wait().expect("it ends");

    for (says, _) in WAITS {
        let said = lines.iter().position(|line| line.contains(says));
        let line = lines.swap_remove(said.unwrap_or_else(|| panic!("none says {says}: {lines:#?}")));
        assert!(line.contains("tests/sqlite/late.rs:"), "{line}");
    }
}
