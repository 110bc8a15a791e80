//! Two parameters have one name.

use event_core::prelude::*;

#[hookimpl(track_event, wrapper)]
async fn measure(next: Next<'_>, next: Next<'_>) -> Outcome {
    next.run().await
}

fn main() {}
