//! The hook is not in scope.

use event_core::{Tracked, hookimpl};

#[hookimpl]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
