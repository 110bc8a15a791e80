//! The hook is given like an option, in quotes.

use event_core::prelude::*;

#[hookimpl(name = "track_event")]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
