//! A batch, and a parameter for one event.

use event_core::prelude::*;

#[derive(Event, serde::Deserialize)]
struct OrderPlaced {
    order: u64,
}

#[hookimpl(track_event, durable(batch = 100))]
fn tell_billing(event: &Tracked<OrderPlaced>) {
    let _ = event.order;
}

fn main() {}
