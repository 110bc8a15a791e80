//! A field's type contains what can't be shared between threads.

use event_core::prelude::*;

use std::cell::Cell;

struct Tries(Cell<u32>);

#[derive(Event)]
struct BanUser {
    #[serde(skip)]
    tries: Tries,
}

fn main() {}
