//! The packages of `before` are a list.

use event_core::prelude::*;

#[hookimpl(before = ["event-stderr", "event-sqlite"])]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
