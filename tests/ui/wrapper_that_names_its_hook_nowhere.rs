//! A wrapper of another hook takes the `Next` and returns the `Outcome` of `track_event`.

use event_core::prelude::*;

#[hookspec(firstresult)]
fn allowed(app: &App, action: &str) -> bool;

#[hookimpl(allowed, wrapper)]
async fn measure(next: Next<'_>) -> Outcome {
    next.run().await
}

#[hookimpl(allowed, wrapper)]
async fn try_to_measure(action: &str, next: Next<'_>) -> event_core::Result<Outcome> {
    println!("{action}");
    Ok(next.run().await)
}

fn main() {}
