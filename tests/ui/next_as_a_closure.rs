//! A wrapper takes the rest of the call as a closure.

use event_core::prelude::*;

#[hookimpl(track_event, wrapper)]
async fn measure(event: &Tracked, next: impl FnOnce()) -> Outcome {
    println!("{}", event.name());
    next();
    Outcome::default()
}

fn main() {}
