//! The hook is given in parentheses.

use event_core::prelude::*;

#[hookimpl(hook(track_event))]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
