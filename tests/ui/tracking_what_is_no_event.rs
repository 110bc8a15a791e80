//! Something is tracked that is no event.

use event_core::prelude::*;

struct BanUser;

fn ban(app: &App) {
    drop(app.track(BanUser));
}

fn main() {}
