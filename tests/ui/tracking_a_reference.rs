//! A reference to an event is tracked.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: String,
}

fn ban(app: &App, event: &BanUser) {
    drop(app.track(event));
}

fn main() {}
