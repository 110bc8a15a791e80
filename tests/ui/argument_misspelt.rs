//! The name of an argument is misspelt.

use event_core::prelude::*;

#[hookimpl]
fn track_event(evnt: &Tracked) {
    println!("{}", evnt.name());
}

fn main() {}
