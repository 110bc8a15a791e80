//! The type in a generic event can't be part of an event.

use event_core::prelude::*;

#[derive(Event)]
struct Imported<T> {
    item: T,
}

struct Row;

#[hookimpl]
fn track_event(event: &Imported<Row>) {
    let _ = &event.item;
}

fn main() {}
