//! A typo in the hook of a durable implementation.

use event_core::prelude::*;

#[hookimpl(track_evnt, durable)]
fn tell_billing() {}

fn main() {}
