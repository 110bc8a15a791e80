//! An option has its name and its value in another framework.

use event_core::prelude::*;

#[hookimpl(track_event, hookwrapper = True)]
async fn measure(next: Next<'_>) -> Outcome {
    next.run().await
}

fn main() {}
