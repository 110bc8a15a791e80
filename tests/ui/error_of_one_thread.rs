//! The error of an implementation isn't `Send + Sync`.

use event_core::prelude::*;

#[hookimpl]
fn track_event(event: &Tracked) -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", event.name());
    Ok(())
}

fn main() {}
