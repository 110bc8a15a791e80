//! An option names a plugin by its path in the code.

use event_core::prelude::*;

#[hookimpl(track_event, after = "event_stderr::track_event")]
fn ban(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
