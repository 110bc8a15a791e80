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

#[hookimpl(track_event, durable)]
async fn mail(event: &Tracked<DeleteUser>) -> event_core::Result<()> {
    Ok(())
}

fn main() {}
