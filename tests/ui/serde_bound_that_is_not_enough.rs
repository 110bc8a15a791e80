//! What `#[serde(bound = …)]` says doesn't let a field be written.

use event_core::prelude::*;

#[derive(Event)]
#[serde(bound = "T: Clone")]
struct Imported<T> {
    item: T,
}

fn main() {}
