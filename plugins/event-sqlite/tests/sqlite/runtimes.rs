//! Code of the application that needs a tokio runtime, on the threads of this plugin.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::time::Duration;

use event_core::prelude::*;
use event_sqlite::{Database, SqliteExt, Written};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::files::{Files, UserBanned, banned};
use crate::writes::hold;

/// Panics outside of a runtime, as a mail client would.
async fn wait_for_the_timer() {
    let never = std::future::pending::<()>();
    tokio::time::timeout(Duration::from_millis(1), never).await.expect_err("it never ends");
}

#[hookimpl(track_event)]
async fn mail(app: &App, event: &UserBanned) -> event_core::Result<()> {
    wait_for_the_timer().await;
    // Once more: what woke it was the runtime.
    tokio::spawn(async {}).await.expect("it doesn't panic");
    let mails = app.state::<Mails>()?;
    mails.0.send((event.user.clone(), Handle::current().id())).expect("the test listens");
    Ok(())
}

struct Mails(mpsc::Sender<(String, tokio::runtime::Id)>);

fn builder(files: &Files) -> (event_core::AppBuilder, mpsc::Receiver<(String, tokio::runtime::Id)>) {
    let section =
        json!({ "databases": { "notes": { "path": "notes.db" } }, "store": { "database": "notes" } });
    let (sender, mails) = mpsc::channel();
    (files.app(section).hook(mail).insert(Mails(sender)), mails)
}

fn notes(app: &App) -> Database {
    app.database("notes").expect("it is there")
}

fn runtimes() -> [Runtime; 2] {
    let mut builders = [Builder::new_current_thread(), Builder::new_multi_thread()];
    builders.each_mut().map(|builder| builder.worker_threads(2).enable_time().build().expect("a runtime"))
}

fn tracks(tx: &event_sqlite::Tx<'_>) -> event_sqlite::Result<()> {
    tx.track(banned("mallory")).map(drop)
}

fn nothing_failed(written: event_sqlite::Result<Written<()>>) {
    written.expect("it can be written").strict().expect("the runtime is there");
}

type Writes = fn(&App);

/// Each caller waits for its write in its own way.
const CALLERS: [(&str, Writes); 5] = [
    ("awaits in runtimes", |app| {
        for runtime in runtimes() {
            nothing_failed(runtime.block_on(notes(app).write(tracks)));
        }
    }),
    ("waits on a thread of a runtime's", |app| {
        let notes = notes(app);
        let [_, runtime] = runtimes();
        let written = runtime.block_on(async {
            tokio::task::spawn_blocking(move || notes.write(tracks).wait()).await.expect("it doesn't panic")
        });
        nothing_failed(written);
    }),
    ("waits on the only thread of a runtime", |app| {
        let [runtime, _] = runtimes();
        runtime.block_on(async { nothing_failed(notes(app).write(tracks).wait()) });
    }),
    ("waits without a runtime", |app| nothing_failed(notes(app).write(tracks).wait())),
    ("awaits without tokio", |app| nothing_failed(smol::block_on(notes(app).write(tracks)))),
];

#[test]
fn an_implementation_that_hears_the_event_of_a_write_has_timers_and_tasks_whoever_its_caller_is() {
    let mut ids = Vec::new();
    for (caller, write) in CALLERS {
        let files = Files::new();
        let (builder, mails) = builder(&files);
        let app = builder.start().wait().expect("the app starts");
        write(&app);
        let heard: Vec<_> = mails.try_iter().collect();
        assert!(!heard.is_empty(), "{caller}");
        let [first, ..] = &heard[..] else { unreachable!("it isn't empty") };
        assert!(heard.iter().all(|mail| mail == first), "{caller}: one runtime for an app: {heard:?}");
        ids.push(first.1);
        app.shutdown().wait().expect("everything is written");
    }
    ids.dedup();
    assert_eq!(ids.len(), CALLERS.len(), "each app has a runtime of its own");
}

#[test]
fn an_implementation_outlives_the_runtime_in_which_the_app_was_started() {
    let files = Files::new();
    let (builder, mails) = builder(&files);
    let [_, runtime] = runtimes();
    let app = runtime.block_on(builder.start()).expect("the app starts");
    drop(runtime);
    nothing_failed(notes(&app).write(tracks).wait());
    assert_eq!(mails.try_iter().count(), 1);
}

/// Called from the journal, not by the write.
#[hookimpl(track_event, durable)]
async fn mail_durably(app: &App, event: &UserBanned) -> event_core::Result<()> {
    mail(app, event).await
}

#[test]
fn durable_implementations_and_those_that_hear_the_event_of_a_write_share_a_runtime() {
    let files = Files::new();
    let (builder, mails) = builder(&files);
    let builder = builder
        .hook(event_journal::open_the_journal)
        .hook(event_journal::begin_to_deliver)
        .hook(event_journal::stop_delivering)
        .hook(mail_durably);
    let app = builder.start().wait().expect("the app starts");
    nothing_failed(notes(&app).write(tracks).wait());
    let both = [mails.recv().expect("it is heard"), mails.recv().expect("it is heard durably")];
    assert_eq!(both[0], both[1]);
    app.shutdown().wait().expect("everything is written");
}

#[test]
fn an_implementation_has_its_runtime_when_the_caller_of_the_write_stops_waiting_and_its_runtime_is_gone() {
    let files = Files::new();
    let (builder, mails) = builder(&files);
    let [_, runtime] = runtimes();
    let (failed, failures) = mpsc::channel();
    let builder = builder.failure_handler(move |failure| failed.send(failure.to_line()).expect("it listens"));
    let app = builder.start().wait().expect("the app starts");
    let notes = notes(&app);
    let release = hold(&notes);
    let id = runtime.block_on(async {
        let mut write = notes.write(tracks);
        let polled = Future::poll(Pin::new(&mut write), &mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        Handle::current().id()
    });
    drop((runtime, release));
    let (user, its) = mails.recv().expect("it is heard");
    assert!(user == "mallory" && its != id);
    app.shutdown().wait().expect("everything is written");
    assert_eq!(failures.try_iter().collect::<Vec<_>>(), [""; 0]);
}

/// An implementation that writes and tracks again, on this plugin's thread.
#[hookimpl(track_event)]
fn write_again(app: &App, event: &UserBanned) -> event_sqlite::Result<()> {
    if event.user == "mallory" {
        app.database("notes")?.write(|tx| tx.track(banned("eve")).map(drop)).wait()?.strict()?;
    }
    Ok(())
}

#[test]
fn an_event_of_a_write_that_an_implementation_asked_for_is_heard_in_the_same_runtime() {
    let files = Files::new();
    let (builder, mails) = builder(&files);
    let app = builder.hook(write_again).start().wait().expect("the app starts");
    for runtime in runtimes() {
        nothing_failed(runtime.block_on(notes(&app).write(tracks)));
        let heard: Vec<_> = mails.try_iter().collect();
        assert_eq!(heard.iter().map(|(user, _)| user.as_str()).collect::<Vec<_>>(), ["mallory", "eve"]);
        assert_eq!(heard[0].1, heard[1].1);
    }
}

#[test]
fn a_closure_that_writes_or_reads_is_in_the_runtime_of_its_caller() {
    let files = Files::new();
    let (builder, _) = builder(&files);
    let app = builder.start().wait().expect("the app starts");
    let notes = notes(&app);
    for runtime in runtimes() {
        let (written, read) = runtime.block_on(async {
            let written = notes.write(|_| Ok(Handle::current().id())).await;
            (written, notes.read(|_| Ok(Handle::current().id())).await)
        });
        let id = runtime.handle().id();
        assert_eq!((written.expect("it writes").value, read.expect("it reads")), (id, id));
    }
    let without = notes.write(|_| Ok(Handle::try_current().is_ok())).wait();
    assert!(!without.expect("it writes").value, "a thread is left as it was");
}

/// Asked on a thread of its own, before old events are removed.
#[hookimpl(event_sqlite::events_needed_from)]
async fn all_are_needed(app: &App) -> event_core::Result<i64> {
    wait_for_the_timer().await;
    app.state::<Asked>()?.0.send(String::new()).expect("the test listens");
    Ok(0)
}

struct Asked(mpsc::Sender<String>);

#[test]
fn what_is_asked_before_old_events_are_removed_has_timers_without_any_caller() {
    let files = Files::new();
    let (sender, asked) = mpsc::channel();
    let failed = sender.clone();
    let app = files
        .app(json!({ "store": { "path": "store.db", "keep_rows": 1 } }))
        .hook(all_are_needed)
        .insert(Asked(sender))
        .failure_handler(move |failure| failed.send(failure.to_line()).expect("the test listens"));
    let app = app.start().wait().expect("the app starts");
    assert_eq!(asked.recv().as_deref(), Ok(""));
    app.shutdown().wait().expect("everything is written");
}
