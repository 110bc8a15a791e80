//! A hook whose calls aren't kept.

use event_core::prelude::*;

#[hookimpl(startup, durable)]
fn tell_billing() {}

fn main() {}
