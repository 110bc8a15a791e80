//! A field of a generic event can't be serialised.

use event_core::prelude::*;

struct Source;

#[derive(Event)]
struct Imported<T> {
    from: Option<Source>,
    items: Vec<T>,
}

fn main() {}
