//! A durable implementation of an event that can't be read back.

use event_core::prelude::*;

#[derive(Event)]
struct OrderPlaced {
    order: u64,
}

#[hookimpl(track_event, durable)]
fn tell_billing(event: &OrderPlaced) {
    let _ = event.order;
}

fn main() {}
