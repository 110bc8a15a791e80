//! A batch of something that isn't an event.

use event_core::prelude::*;

struct Order;

#[hookimpl(track_event, durable(batch = 100))]
fn tell_billing(events: &[&Order]) {
    let _ = events;
}

fn main() {}
