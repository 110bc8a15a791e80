//! A word that is no option stands before the hook.

use event_core::prelude::*;

#[hookimpl(early, track_event)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
