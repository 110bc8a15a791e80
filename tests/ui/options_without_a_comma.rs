//! There is no comma between two options.

use event_core::prelude::*;

#[hookimpl(track_event tryfirst)]
fn log(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
