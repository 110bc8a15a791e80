//! A wrapper calls the rest of the call in its own way.

use event_core::prelude::*;

#[hookimpl(track_event, wrapper)]
async fn log(inner: Next<'_>) -> Outcome {
    inner.run().await
}

fn main() {}
