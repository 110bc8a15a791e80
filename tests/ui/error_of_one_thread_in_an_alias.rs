//! The error of an implementation isn't `Send + Sync`, which an alias hides.

use event_core::prelude::*;

type Outcomes = Result<(), Box<dyn std::error::Error>>;

#[hookimpl]
fn track_event(event: &Tracked) -> Outcomes {
    println!("{}", event.name());
    Ok(())
}

fn main() {}
