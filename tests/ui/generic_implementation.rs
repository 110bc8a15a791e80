//! An implementation hears a generic event of every type.

use event_core::prelude::*;

#[derive(Event)]
struct Imported<T> {
    item: T,
}

#[hookimpl]
fn track_event<T>(event: &Imported<T>) {
    let _ = &event.item;
}

fn main() {}
