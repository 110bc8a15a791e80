//! A field can't be shared between threads.

use event_core::prelude::*;

use std::cell::Cell;

#[derive(Event)]
struct BanUser {
    tries: Cell<u32>,
}

fn main() {}
