//! Two implementations in one module have the same name.

use event_core::prelude::*;

#[hookimpl]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

#[hookimpl]
fn track_event(event: &Tracked) {
    eprintln!("{}", event.name());
}

fn main() {}
