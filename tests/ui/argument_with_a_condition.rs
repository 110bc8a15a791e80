//! An implementation takes an argument on some platforms only.

use event_core::prelude::*;

#[hookimpl]
fn track_event(app: &App, #[cfg(windows)] event: &Tracked) {
    println!("{app:?}");
}

fn main() {}
