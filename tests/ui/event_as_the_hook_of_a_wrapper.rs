//! The wrapper's types name the event in the place of the hook.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: String,
}

#[hookimpl(track_event, wrapper)]
async fn around(next: Next<'_, BanUser>) -> Outcome<BanUser> {
    next.run().await
}

fn main() {}
