//! An argument is taken as `impl Trait`.

use event_core::prelude::*;

#[hookimpl]
fn track_event(event: &impl Event) {
    let _ = event;
}

fn main() {}
