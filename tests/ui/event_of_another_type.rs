//! The event is taken as a type that it can never be.

use event_core::prelude::*;

#[hookimpl]
fn track_event(event: &str) {
    println!("{event}");
}

fn main() {}
