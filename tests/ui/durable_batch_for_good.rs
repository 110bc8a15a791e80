//! A batch that outlives its call.

use event_core::prelude::*;

#[hookimpl(track_event, durable(batch = 100))]
fn tell_billing(events: &'static [&Tracked]) {
    let _ = events;
}

#[hookimpl(track_event, durable(batch = 100))]
fn tell_shipping(events: &[&'static Tracked]) {
    let _ = events;
}

fn main() {}
