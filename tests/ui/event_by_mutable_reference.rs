//! The event is taken by `&mut`.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: String,
}

#[hookimpl]
fn track_event(event: &mut BanUser) {
    event.user.clear();
}

fn main() {}
