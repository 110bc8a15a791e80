//! The event is taken as a struct that is no event.

use event_core::prelude::*;

struct BanUser {
    user: String,
}

#[hookimpl]
fn track_event(event: &BanUser) {
    println!("{}", event.user);
}

fn main() {}
