//! A durable implementation of something that isn't an event.

use event_core::prelude::*;

struct Order;

#[hookimpl(track_event, durable)]
fn tell_billing(event: &Order) {
    let _ = event;
}

fn main() {}
