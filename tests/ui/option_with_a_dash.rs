//! An option's name is written with a dash.

use event_core::prelude::*;

#[hookimpl(track_event, try-first)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
