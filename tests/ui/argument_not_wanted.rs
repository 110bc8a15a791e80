//! An argument that isn't used is written as `_`.

use event_core::prelude::*;

#[hookimpl]
fn track_event(app: &App, _: &Tracked) {
    let _ = app;
}

fn main() {}
