//! There is a syntax error in the body of an implementation: the compiler says so, and nothing is added.

use event_core::prelude::*;

#[hookimpl]
fn track_event(event: &Tracked) {
    let name = ;
    println!("{}", event.name());
}

fn main() {}
