//! A wrapper is essential.

use event_core::prelude::*;

#[hookimpl(wrapper, essential)]
async fn track_event(next: Next<'_>) -> Outcome {
    next.run().await
}

fn main() {}
