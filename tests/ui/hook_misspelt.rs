//! The name of the hook is misspelt.

use event_core::prelude::*;

#[hookimpl]
fn track_evnt(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
