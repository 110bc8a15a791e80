//! A wrapper takes an event of any type by value.

use event_core::prelude::*;

#[hookimpl(track_event, wrapper)]
async fn around(event: Tracked, next: Next<'_>) -> Outcome {
    println!("{}", event.name());
    next.run().await
}

fn main() {}
