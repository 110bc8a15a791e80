//! A number of attempts that tries nothing.

use event_core::prelude::*;

#[hookimpl(track_event, durable(max_attempts = 0))]
fn tell_billing() {}

fn main() {}
