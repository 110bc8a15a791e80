//! Several events without a batch.

use event_core::prelude::*;

#[derive(Event, serde::Deserialize)]
struct OrderPlaced {
    order: u64,
}

#[hookimpl(track_event, durable)]
fn tell_billing(events: &[&Tracked<OrderPlaced>]) {
    let _ = events[0].order;
}

fn main() {}
