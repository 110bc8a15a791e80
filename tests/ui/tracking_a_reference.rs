//! A reference to an event is tracked, and waited for.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: String,
}

fn ban(app: &App, event: &BanUser) -> event_core::Result<Receipt> {
    app.track(event).wait()
}

fn main() {}
