//! The event is taken as the trait that events have in common, by each kind of implementation and by a hook.

use event_core::prelude::*;

#[hookimpl(track_event)]
fn log(event: &Event) {}

#[hookimpl(track_event)]
async fn log_later(app: &App, event: &Event) -> event_core::Result<()> {
    Ok(())
}

#[hookimpl(track_event, wrapper)]
async fn measure(event: &Event, next: Next<'_>) -> Outcome {
    next.run().await
}

#[hookspec]
fn seen(app: &App, event: &Event);

fn main() {}
