//! A batch of events that can't be read back.

use event_core::prelude::*;

#[derive(Event)]
struct OrderPlaced {
    order: u64,
}

#[hookimpl(track_event, durable(batch = 100))]
fn tell_billing(events: &[&Tracked<OrderPlaced>]) {
    let _ = events[0].order;
}

fn main() {}
