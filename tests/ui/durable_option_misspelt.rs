//! A typo in an option of `durable`.

use event_core::prelude::*;

#[hookimpl(track_event, durable(max_atempts = 3))]
fn tell_billing() {}

fn main() {}
