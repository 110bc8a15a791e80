//! A wrapper takes the event by value.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: String,
}

#[hookimpl(track_event, wrapper)]
async fn around(event: BanUser, next: Next<'_>) -> Outcome {
    println!("{}", event.user);
    next.run().await
}

fn main() {}
