//! A keyword is no option.

use event_core::prelude::*;

#[hookimpl(track_event, async)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
