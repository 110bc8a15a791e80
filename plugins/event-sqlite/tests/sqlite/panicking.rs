//! What becomes of the plugin's threads when an application's values panic while they are dropped.

use std::future::Future;
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use event_core::prelude::*;
use event_sqlite::{Database, SqliteExt};

use crate::files::{Files, banned};
use crate::writes::hold;

/// Panics whenever it is dropped, unless its thread panics already.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic_any(Self);
        }
    }
}

fn start(files: &Files, ack: &str) -> (App, Database) {
    let app = files.start(json!({ "store": { "path": "store.db", "ack": ack } }));
    let database = app.database("store").expect("it is there");
    (app, database)
}

fn poll_once(future: &mut (impl Future + Unpin)) {
    assert!(Pin::new(future).poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[test]
fn a_payload_that_panics_when_it_is_dropped_ends_no_writer_and_loses_no_event() {
    let files = Files::new();
    let (app, database) = start(&files, "enqueued");
    let release = hold(&database);
    let mut write = database.write(|_| -> event_sqlite::Result<()> { panic_any(Bomb) });
    poll_once(&mut write);
    for _ in 0..100 {
        app.track(banned("mallory")).wait().expect("nothing refuses");
    }
    drop(release);
    write.wait().expect_err("it panics");
    app.track(banned("eve")).wait().expect("the writer is there");
    app.shutdown().wait().expect("everything is written");
    let count: Vec<i64> = files.rows("store.db", "SELECT count(*) FROM events", (), |row| row.get(0));
    assert_eq!(count, [101]);
}

#[test]
fn a_value_that_nobody_takes_and_that_panics_when_it_is_dropped_ends_no_thread() {
    let files = Files::new();
    let (app, database) = start(&files, "commit");
    for _ in 0..5 {
        let (arrives, is_reading) = std::sync::mpsc::channel();
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let mut read = database.read(move |_| {
            arrives.send(()).expect("the test waits");
            let _ = receiver.recv();
            Ok(Bomb)
        });
        poll_once(&mut read);
        is_reading.recv().expect("a thread comes to it");
        drop(read);
        drop(sender);
        let release = hold(&database);
        let mut write = database.write(|tx| {
            tx.track(banned("mallory"))?;
            Ok(Bomb)
        });
        poll_once(&mut write);
        drop(write);
        drop(release);
        database.read(|_| Ok(())).wait().expect("there is a thread that reads");
        let tracked = database.write(|tx| tx.track(banned("eve")).map(drop)).wait();
        tracked.expect("the writer is there").strict().expect("the delivery thread is there");
    }
    app.shutdown().wait().expect("nothing hangs");
}

#[derive(Event)]
struct Explosive {
    user: u64,
}

impl Drop for Explosive {
    fn drop(&mut self) {
        if self.user == 17 && !std::thread::panicking() {
            panic_any(Bomb);
        }
    }
}

#[test]
fn an_event_that_panics_when_it_is_dropped_ends_no_delivery_thread_and_hangs_no_shutdown() {
    let files = Files::new();
    let app = files.app(json!({ "store": { "path": "store.db" } })).event::<Explosive>();
    let app = app.start().wait().expect("the app starts");
    let database = app.database("store").expect("it is there");
    let _ = database.write(|tx| tx.track(Explosive { user: 17 }).map(drop)).wait();
    let tracked = database.write(|tx| tx.track(banned("eve")).map(drop)).wait();
    tracked.expect("the writer is there").strict().expect("the delivery thread is there");
    app.shutdown().wait().expect("nothing hangs");
}

struct Counted;

impl Wake for Counted {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_task_that_waits_for_room_has_one_waker_however_often_it_is_polled_and_none_afterwards() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db", "ack": "enqueued", "queue": 1 } }));
    let release = hold(&app.database("store").expect("it is there"));
    let wakers = [Arc::new(Counted), Arc::new(Counted)];
    let mut tracks: Vec<_> = wakers
        .iter()
        .map(|_| Box::pin(std::future::IntoFuture::into_future(app.track(banned("x")))))
        .collect();
    for _ in 0..1_000 {
        for (track, waker) in tracks.iter_mut().zip(&wakers) {
            let waker = Waker::from(waker.clone());
            assert!(matches!(track.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Pending));
        }
    }
    let kept: Vec<_> = wakers.iter().map(|waker| Arc::strong_count(waker) - 1).collect();
    assert!(kept.iter().all(|kept| *kept <= 2), "{kept:?} wakers are kept");
    drop(tracks);
    assert!(wakers.iter().all(|waker| Arc::strong_count(waker) == 1), "none is kept when no task waits");
    drop(release);
}
