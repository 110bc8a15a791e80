//! A batch that has no events.

use event_core::prelude::*;

#[hookimpl(track_event, durable(batch = 0))]
fn tell_billing(events: &[&Tracked]) {
    let _ = events;
}

fn main() {}
