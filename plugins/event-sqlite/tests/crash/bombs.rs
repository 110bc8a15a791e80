//! Values whose `Drop` panics, wherever the plugin drops a value of the application.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::task::{Context, Waker};

use event_core::AppBuilder;
use event_core::prelude::*;
use event_sqlite::SqliteExt;

use crate::writer::{Counted, Noted};

/// What its `Drop` says.
const BANG: &str = "a value panics when it is dropped";

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        // A second panic while a thread unwinds would end the process.
        assert!(std::thread::panicking(), "{BANG}");
    }
}

/// Its payload panics when the framework drops it.
#[hookimpl(track_event)]
fn panic_at_each_fifth(event: &Counted) {
    if event.number.is_multiple_of(5) {
        panic_any(Bomb);
    }
}

/// The same on the thread that delivers what a write tracked.
#[hookimpl(track_event)]
fn panic_at_each_third_row(event: &Noted) {
    if event.number.is_multiple_of(3) {
        panic_any(Bomb);
    }
}

/// These panics are expected, so only others are printed.
pub(crate) fn hook_into(app: AppBuilder) -> AppBuilder {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_expected = panic.payload().is::<Bomb>() || panic.payload_as_str() == Some(BANG);
        if !is_expected {
            print(panic);
        }
    }));
    app.failure_handler(|_| {}).hook(panic_at_each_fifth).hook(panic_at_each_third_row)
}

/// Lets the threads of the plugin drop a panic's payload, the value of a write, and the value of a read.
pub(crate) fn drop_some(app: &App) {
    let database = app.database("app").expect("it is there");
    let panicked = database.write(|_| -> event_sqlite::Result<()> { panic_any(Bomb) });
    assert!(panicked.wait().is_err());
    poll_once(database.write(|_| Ok(Bomb)));
    poll_once(database.read(|_| Ok(Bomb)));
    poll_once(database.read(|_| -> event_sqlite::Result<()> { panic_any(Bomb) }));
}

/// And drops it, so that the plugin drops the value; unless it is there already, and so this thread's.
fn poll_once(future: impl Future) {
    let polled_and_dropped = catch_unwind(AssertUnwindSafe(|| {
        let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
        std::mem::forget(polled);
    }));
    std::mem::forget(polled_and_dropped);
}
