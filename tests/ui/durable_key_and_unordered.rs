//! Two orders that exclude each other.

use event_core::prelude::*;

#[hookimpl(track_event, durable(key = "user", unordered))]
fn tell_billing() {}

fn main() {}
