//! The error of a wrapper doesn't implement `Error`.

use event_core::prelude::*;

struct Closed;

#[hookimpl(track_event, wrapper)]
async fn gate(next: Next<'_>) -> Result<Outcome, Closed> {
    Ok(next.run().await)
}

fn main() {}
