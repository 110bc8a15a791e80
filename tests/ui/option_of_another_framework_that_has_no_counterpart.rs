//! An option that only another framework has.

use event_core::prelude::*;

#[hookimpl(track_event, optionalhook)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
