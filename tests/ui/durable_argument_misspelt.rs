//! An argument that a durable implementation doesn't have.

use event_core::prelude::*;

#[hookimpl(track_event, durable)]
fn tell_billing(delivry: &event_core::durable::Delivery) {
    let _ = delivry;
}

fn main() {}
