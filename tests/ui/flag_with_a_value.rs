//! An option that is only there or not is given a value.

use event_core::prelude::*;

#[hookimpl(tryfirst = true)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
