//! An event of any type is taken as a trait object.

use event_core::prelude::*;

#[hookimpl(event_core::track_event)]
fn hear(event: &dyn Event) {
    let _ = event;
}

fn main() {}
