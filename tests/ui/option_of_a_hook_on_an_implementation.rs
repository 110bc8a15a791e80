//! An option of `#[hookspec]` stands in `#[hookimpl]`.

use event_core::prelude::*;

#[hookimpl(track_event, firstresult)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
