//! An option has its name in another framework.

use event_core::prelude::*;

#[hookimpl(track_event, hookwrapper)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
