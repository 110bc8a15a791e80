//! The plugin to come before is not a text.

use event_core::prelude::*;

#[hookimpl(before = event_sqlite)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
