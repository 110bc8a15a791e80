//! The error of a wrapper is `Send`, but not `Sync`.

use event_core::prelude::*;

#[hookimpl(track_event, wrapper)]
async fn log(next: Next<'_>) -> Result<Outcome, Box<dyn std::error::Error + Send>> {
    Ok(next.run().await)
}

fn main() {}
