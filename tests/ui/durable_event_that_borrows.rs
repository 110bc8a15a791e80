//! A durable implementation of an event that can't own what was stored.

use event_core::prelude::*;

#[derive(Event, serde::Deserialize)]
struct OrderPlaced {
    order: &'static str,
}

#[hookimpl(track_event, durable)]
fn tell_billing(event: &OrderPlaced) {
    let _ = event.order;
}

fn main() {}
