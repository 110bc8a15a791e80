//! An event's actor is a number.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser;

fn track(app: &App) {
    let _ = app.track(BanUser).by(17);
}

fn main() {}
