//! The old name of a durable implementation, as a path in the crate.

use event_core::prelude::*;

#[hookimpl(track_event, durable(renamed_from = "crate::billing::tell_billing"))]
fn tell_accounting() {}

fn main() {}
