//! `next` is taken by an implementation that is no wrapper.

use event_core::prelude::*;

#[hookimpl]
async fn track_event(event: &Tracked, next: Next<'_>) -> Outcome {
    println!("{}", event.name());
    next.run().await
}

fn main() {}
