//! A wrapper's `Next` has no lifetime.

use event_core::prelude::*;

#[hookimpl(track_event, wrapper)]
async fn measure(next: Next) -> Outcome {
    next.run().await
}

fn main() {}
