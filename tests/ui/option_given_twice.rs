//! An option is given twice.

use event_core::prelude::*;

#[hookimpl(tryfirst, tryfirst)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
