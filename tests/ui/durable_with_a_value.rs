//! A value for `durable`.

use event_core::prelude::*;

#[hookimpl(track_event, durable = true)]
fn tell_billing() {}

fn main() {}
