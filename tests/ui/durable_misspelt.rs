//! A typo in `durable`.

use event_core::prelude::*;

#[hookimpl(track_event, durabel)]
fn tell_billing() {}

fn main() {}
