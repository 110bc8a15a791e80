//! An event of any type is taken as a boxed trait object.

use event_core::prelude::*;

#[hookimpl]
fn track_event(event: Box<dyn Event>) {
    let _ = event;
}

fn main() {}
