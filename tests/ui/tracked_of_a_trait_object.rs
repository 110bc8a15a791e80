//! A tracked event of any type is taken as `Tracked` of a trait object.

use event_core::prelude::*;

#[hookimpl(track_event)]
async fn hear(event: &Tracked<dyn Event>) {
    println!("{}", event.name());
}

fn main() {}
