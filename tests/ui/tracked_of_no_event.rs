//! The event is taken as `Tracked` of a struct that is no event.

use event_core::prelude::*;

struct BanUser {
    user: String,
}

#[hookimpl]
fn track_event(event: &Tracked<BanUser>) {
    println!("{}", event.name());
}

fn main() {}
