//! A field can't be sent to another thread.

use event_core::prelude::*;

use std::rc::Rc;

#[derive(Event)]
struct BanUser {
    user: String,
    #[serde(skip)]
    page: Rc<str>,
}

fn main() {}
