//! The name of the hook that a wrapper is around is misspelt.

use event_core::prelude::*;

#[hookimpl(track_evnt, wrapper)]
async fn around(next: Next<'_>) -> Outcome {
    next.run().await
}

fn main() {}
