//! A typo in the parameter of a batch.

use event_core::prelude::*;

#[hookimpl(track_event, durable(batch = 100))]
fn tell_billing(evnts: &[&Tracked]) {
    let _ = evnts;
}

fn main() {}
