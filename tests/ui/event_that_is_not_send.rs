//! A field's type contains what can't be sent to another thread.

use event_core::prelude::*;

use std::rc::Rc;
use serde::Serialize;

#[derive(Serialize)]
struct User {
    name: String,
    #[serde(skip)]
    page: Rc<str>,
}

#[derive(Event)]
struct BanUser {
    user: User,
}

fn main() {}
