//! The same with the envelope, and asynchronous.

use event_core::prelude::*;

#[derive(Event)]
struct OrderPlaced {
    order: u64,
}

#[hookimpl(track_event, durable)]
async fn tell_billing(app: &App, event: &Tracked<OrderPlaced>) {
    let _ = (app, event.order);
}

fn main() {}
