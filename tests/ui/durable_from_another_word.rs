//! A place to start from that there isn't.

use event_core::prelude::*;

#[hookimpl(track_event, durable(from = "beginning"))]
fn tell_billing() {}

fn main() {}
