//! The hook is given like an option.

use event_core::prelude::*;

#[hookimpl(hook = track_event)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
