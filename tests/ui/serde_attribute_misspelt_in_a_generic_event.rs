//! A serde attribute of a generic event's field is misspelt.

use event_core::prelude::*;

#[derive(Event)]
struct Imported<T> {
    #[serde(renam = "row")]
    item: T,
}

fn main() {}
