//! An option names a plugin with an empty text.

use event_core::prelude::*;

#[hookimpl(track_event, before = "")]
fn ban(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
