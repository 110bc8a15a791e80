//! An ordinary implementation takes a delivery.

use event_core::prelude::*;

#[hookimpl(track_event)]
fn tell_billing(delivery: &event_core::durable::Delivery) {
    let _ = delivery;
}

fn main() {}
