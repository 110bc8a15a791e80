//! The package of `before` is in parentheses.

use event_core::prelude::*;

#[hookimpl(before("event-stderr"))]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
