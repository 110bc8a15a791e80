//! `durable` as an attribute of its own, below.

use event_core::prelude::*;

#[hookimpl(track_event)]
#[durable]
fn tell_billing() {}

fn main() {}
