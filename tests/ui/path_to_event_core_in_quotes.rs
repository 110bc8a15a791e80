//! The path to event-core stands in quotes, as a package's name in `Cargo.toml` does.

use event_core::prelude::*;

#[derive(Event)]
#[event(crate = "event_core")]
struct Login;

#[hookimpl(track_event, crate = "my-facade")]
fn log(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
