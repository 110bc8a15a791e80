//! There is a syntax error in the body of a wrapper.

use event_core::prelude::*;

#[hookimpl(track_event, wrapper)]
async fn around(next: Next<'_>) -> Outcome {
    println!("before") println!("still before");
    next.run().await
}

fn main() {}
