//! The event is taken by value.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: String,
}

#[hookimpl]
fn track_event(event: BanUser) {
    println!("{}", event.user);
}

fn main() {}
