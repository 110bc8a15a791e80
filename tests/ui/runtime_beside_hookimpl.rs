//! An implementation starts a runtime of its own.

use event_core::prelude::*;

#[hookimpl]
#[tokio::main]
async fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
