//! A durable implementation with a place in the order of `track`.

use event_core::prelude::*;

#[hookimpl(track_event, durable, tryfirst)]
fn tell_billing() {}

fn main() {}
