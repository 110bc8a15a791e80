//! A unit in the name of an option, instead of in its value.

use event_core::prelude::*;

#[hookimpl(track_event, durable(timeout_s = 30))]
async fn tell_billing() {}

fn main() {}
