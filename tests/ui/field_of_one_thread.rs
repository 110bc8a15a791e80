//! A field that only one thread may have, beside others that look so, in an event that is used.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Mutex;

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    #[serde(skip)]
    tries: Mutex<Cell<u32>>,
    user: Rc<str>,
}

#[hookimpl(track_event)]
fn hear(event: &BanUser) {
    println!("{}", event.user);
}

fn ban(app: &App, event: BanUser) -> event_core::Result<Receipt> {
    app.track(event).wait()
}

fn main() {}
