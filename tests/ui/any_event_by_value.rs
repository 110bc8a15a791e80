//! An event of any type is taken by value.

use event_core::prelude::*;

#[hookimpl]
async fn track_event(event: Tracked) {
    println!("{}", event.name());
}

fn main() {}
