//! A durable wrapper.

use event_core::prelude::*;

#[hookimpl(track_event, wrapper, durable)]
async fn tell_billing(next: Next<'_>) -> Outcome {
    next.run().await
}

fn main() {}
