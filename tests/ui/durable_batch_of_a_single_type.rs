//! A batch, and a parameter that is no slice.

use event_core::prelude::*;

#[derive(Event, serde::Deserialize)]
struct OrderPlaced {
    order: u64,
}

#[hookimpl(track_event, durable(batch = 100))]
fn tell_billing(events: &Tracked<OrderPlaced>) {
    let _ = events.order;
}

fn main() {}
