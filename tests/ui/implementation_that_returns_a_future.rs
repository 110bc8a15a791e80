//! An implementation returns its future.

use event_core::prelude::*;

#[hookimpl]
fn track_event(event: &Tracked) -> impl Future<Output = ()> {
    println!("{}", event.name());
    async {}
}

fn main() {}
