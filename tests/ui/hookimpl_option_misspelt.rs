//! An option of `#[hookimpl]` is misspelt.

use event_core::prelude::*;

#[hookimpl(tryfrist)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
