//! Events that are called one after the other, several at once.

use event_core::prelude::*;

#[hookimpl(track_event, durable(concurrency = 4))]
fn tell_billing() {}

fn main() {}
