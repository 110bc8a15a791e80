//! A flag has parentheses.

use event_core::prelude::*;

#[hookimpl(tryfirst())]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
