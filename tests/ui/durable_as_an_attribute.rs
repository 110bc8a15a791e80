//! `durable` as an attribute of its own, above.

use event_core::prelude::*;

#[durable]
#[hookimpl(track_event)]
fn tell_billing() {}

fn main() {}
