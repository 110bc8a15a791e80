//! A batch of a hook whose calls aren't kept.

use event_core::prelude::*;

#[hookimpl(startup, durable(batch = 100))]
fn tell_billing() {}

fn main() {}
