//! Code of the application that needs a tokio runtime, on the threads of this plugin.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::time::Duration;

use event_core::prelude::*;
use event_sqlite::{Database, Spawner, SqliteExt, Written};
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

#[test]
fn an_implementation_hears_the_event_of_a_write_in_the_runtime_in_which_the_write_is_awaited() {
    for runtime in runtimes() {
        let files = Files::new();
        let (builder, mails) = builder(&files);
        // Started without a runtime.
        let app = builder.start().wait().expect("the app starts");
        let write = notes(&app).write(tracks);
        nothing_failed(runtime.block_on(write));
        assert_eq!(mails.try_recv(), Ok(("mallory".to_owned(), runtime.handle().id())));
        app.shutdown().wait().expect("everything is written");
    }
}

#[test]
fn an_implementation_hears_the_event_of_a_write_in_the_runtime_in_which_a_thread_waits_for_it() {
    let files = Files::new();
    let (builder, mails) = builder(&files);
    let app = builder.start().wait().expect("the app starts");
    for runtime in runtimes() {
        let notes = notes(&app);
        let written = runtime.block_on(async {
            tokio::task::spawn_blocking(move || notes.write(tracks).wait()).await.expect("it doesn't panic")
        });
        nothing_failed(written);
        assert_eq!(mails.try_recv(), Ok(("mallory".to_owned(), runtime.handle().id())));
    }
}

#[test]
fn an_implementation_hears_the_event_of_a_thread_without_a_runtime_in_that_in_which_the_app_was_started() {
    let files = Files::new();
    let (builder, mails) = builder(&files);
    let [_, runtime] = runtimes();
    let app = runtime.block_on(builder.start()).expect("the app starts");
    nothing_failed(notes(&app).write(tracks).wait());
    assert_eq!(mails.try_recv(), Ok(("mallory".to_owned(), runtime.handle().id())));
}

#[test]
fn an_implementation_keeps_its_runtime_when_the_caller_of_the_write_stops_waiting() {
    let files = Files::new();
    let (builder, mails) = builder(&files);
    let [_, runtime] = runtimes();
    let (failed, failures) = mpsc::channel();
    let builder = builder.failure_handler(move |failure| failed.send(failure.to_line()).expect("it listens"));
    let app = builder.start().wait().expect("the app starts");
    let notes = notes(&app);
    let release = hold(&notes);
    runtime.block_on(async {
        let mut write = notes.write(tracks);
        let polled = Future::poll(Pin::new(&mut write), &mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
    });
    drop(release);
    assert_eq!(mails.recv(), Ok(("mallory".to_owned(), runtime.handle().id())));
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
        let id = runtime.handle().id();
        assert_eq!(heard, [("mallory".to_owned(), id), ("eve".to_owned(), id)]);
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

#[test]
fn a_spawners_runtime_counts_before_that_of_the_caller() {
    let files = Files::new();
    let (builder, mails) = builder(&files);
    let [callers, spawners] = runtimes();
    let handle = spawners.handle().clone();
    let spawner = Spawner::new(move |delivery| drop(handle.spawn(delivery)));
    let app = builder.insert(spawner).start().wait().expect("the app starts");
    nothing_failed(callers.block_on(notes(&app).write(tracks)));
    assert_eq!(mails.try_recv(), Ok(("mallory".to_owned(), spawners.handle().id())));
}

#[test]
fn a_spawner_is_called_in_the_callers_runtime() {
    let files = Files::new();
    let (builder, mails) = builder(&files);
    let spawner = Spawner::new(|delivery| drop(tokio::spawn(delivery)));
    let app = builder.insert(spawner).start().wait().expect("the app starts");
    for runtime in runtimes() {
        nothing_failed(runtime.block_on(notes(&app).write(tracks)));
        assert_eq!(mails.try_recv(), Ok(("mallory".to_owned(), runtime.handle().id())));
    }
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
fn what_is_asked_before_old_events_are_removed_is_in_the_runtime_of_the_start() {
    let files = Files::new();
    let [_, runtime] = runtimes();
    let (sender, asked) = mpsc::channel();
    let failed = sender.clone();
    let app = files
        .app(json!({ "store": { "path": "store.db", "keep_rows": 1 } }))
        .hook(all_are_needed)
        .insert(Asked(sender))
        .failure_handler(move |failure| failed.send(failure.to_line()).expect("the test listens"));
    let app = runtime.block_on(app.start()).expect("the app starts");
    assert_eq!(asked.recv().as_deref(), Ok(""));
    app.shutdown().wait().expect("everything is written");
}

#[test]
fn without_any_runtime_the_failure_says_what_the_implementation_needs() {
    let files = Files::new();
    let (builder, _mails) = builder(&files);
    let app = builder.failure_handler(|_| {}).start().wait().expect("the app starts");
    let written = notes(&app).write(tracks).wait().expect("it can be written");
    let lines: Vec<_> = written.failures().map(event_core::Failure::to_line).collect();
    let [line] = lines.as_slice() else { panic!("one implementation fails: {lines:?}") };
    let says = "the implementation needs a tokio runtime, and the thread `event-sqlite deliver` is in none; call from \
                a runtime";
    assert!(line.contains("panicked: there is no reactor running") && line.contains(says), "{line}");
}
