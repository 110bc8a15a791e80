//! `#[hookimpl]` has no such option.

use event_core::prelude::*;

#[hookimpl(priority = 1)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
