//! A wrapper is not `async`.

use event_core::prelude::*;

#[hookimpl(wrapper)]
fn track_event(next: Next<'_>) -> Outcome {
    drop(next);
    Outcome::default()
}

fn main() {}
