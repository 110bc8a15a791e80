//! The hook is written in quotes.

use event_core::prelude::*;

#[hookimpl("track_event")]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
