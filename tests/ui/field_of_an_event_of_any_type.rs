//! An event of any type is used as one of its type.

use event_core::prelude::*;

#[hookimpl]
fn track_event(event: &Tracked) {
    println!("{}", event.user);
}

fn main() {}
