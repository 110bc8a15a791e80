//! The hook that the attribute names is not in scope.

use event_core::{Tracked, hookimpl};

#[hookimpl(track_event)]
fn log(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
