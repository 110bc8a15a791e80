//! The name of a durable implementation with its plugin.

use event_core::prelude::*;

#[hookimpl(track_event, durable(name = "shop::billing"))]
fn tell_billing() {}

fn main() {}
