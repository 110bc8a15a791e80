//! The same without their envelopes, and asynchronous.

use event_core::prelude::*;

#[derive(Event)]
struct OrderPlaced {
    order: u64,
}

#[hookimpl(track_event, durable(batch = 100))]
async fn tell_billing(app: &App, events: &[&OrderPlaced]) {
    let _ = (app, events[0].order);
}

fn main() {}
