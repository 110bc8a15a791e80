//! An implementation wants to be first and last.

use event_core::prelude::*;

#[hookimpl(tryfirst, trylast)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
