//! An implementation takes the trait that events have in common.

use event_core::prelude::*;

#[hookimpl(track_event)]
fn log(event: &Event) {}

fn main() {}
