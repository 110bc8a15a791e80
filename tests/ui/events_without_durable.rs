//! Several events inside of `track`.

use event_core::prelude::*;

#[hookimpl(track_event)]
fn tell_billing(events: &[&Tracked]) {
    let _ = events;
}

fn main() {}
