//! A batch of events that aren't borrowed.

use event_core::prelude::*;

#[derive(Event, serde::Deserialize)]
struct OrderPlaced {
    order: u64,
}

#[hookimpl(track_event, durable(batch = 100))]
fn tell_billing(events: &[OrderPlaced]) {
    let _ = events[0].order;
}

#[hookimpl(track_event, durable(batch = 100))]
async fn tell_shipping(events: Vec<Tracked<OrderPlaced>>) {
    let _ = events;
}

fn main() {}
