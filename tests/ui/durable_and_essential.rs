//! A durable implementation that is to refuse events.

use event_core::prelude::*;

#[hookimpl(track_event, essential, durable(from = "start"))]
fn tell_billing() {}

fn main() {}
