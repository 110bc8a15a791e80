//! The tracked event is taken by value.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: String,
}

#[hookimpl]
async fn track_event(event: Tracked<BanUser>) {
    println!("{}", event.user);
}

fn main() {}
