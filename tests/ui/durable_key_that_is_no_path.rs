//! A key with an empty name in it.

use event_core::prelude::*;

#[hookimpl(track_event, durable(key = "user..id"))]
fn tell_billing() {}

fn main() {}
