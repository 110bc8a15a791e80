//! An event is taken without its envelope, which is used.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: String,
}

#[hookimpl]
fn track_event(event: &BanUser) {
    println!("{}: {}", event.name(), event.user);
}

fn main() {}
