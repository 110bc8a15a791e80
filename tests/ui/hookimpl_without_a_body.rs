//! An implementation has no body.

use event_core::prelude::*;

#[hookimpl]
fn track_event(event: &Tracked);

fn main() {}
