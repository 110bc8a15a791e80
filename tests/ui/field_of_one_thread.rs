//! Fields that only one thread may have, of an event that is used.

use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::rc::Rc;

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: Rc<str>,
    page: Option<Box<dyn Debug + Send>>,
    #[serde(skip)]
    request: Rc<RefCell<Vec<u8>>>,
    #[serde(skip)]
    raw: *const u8,
}

/// This field can be shared, however it looks.
#[derive(Event)]
struct Counted {
    #[serde(skip)]
    count: std::sync::Mutex<Cell<u32>>,
}

#[hookimpl(track_event)]
fn hear(event: &BanUser) {
    println!("{}", event.user);
}

fn ban(app: &App, event: BanUser) -> event_core::Result<Receipt> {
    app.track(event).wait()
}

fn main() {}
