//! An option is called by a word that comes to mind first.

use event_core::prelude::*;

#[hookimpl(track_event, first)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
