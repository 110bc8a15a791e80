//! A duration without quotes.

use event_core::prelude::*;

#[hookimpl(track_event, durable(give_up_after = 24))]
fn tell_billing() {}

fn main() {}
