//! The event's type isn't there, in each kind of implementation.

use event_core::prelude::*;

#[hookimpl(track_event)]
fn log(event: &Tracked<BanUser>) {}

#[hookimpl(track_event)]
async fn log_later(event: &Tracked<BanUsers>) -> event_core::Result<()> {
    Ok(())
}

#[hookimpl(track_event, wrapper)]
async fn measure(event: &Tracked<UnbanUser>, next: Next<'_>) -> Outcome {
    next.run().await
}

fn main() {}
