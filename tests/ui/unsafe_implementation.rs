//! An implementation is `unsafe`.

use event_core::prelude::*;

#[hookimpl]
unsafe fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
