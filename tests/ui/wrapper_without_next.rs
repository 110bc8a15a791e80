//! A wrapper doesn't take the rest of the call.

use event_core::prelude::*;

#[hookimpl(wrapper)]
async fn track_event(event: &Tracked) -> Outcome {
    println!("{}", event.name());
    Outcome::default()
}

fn main() {}
