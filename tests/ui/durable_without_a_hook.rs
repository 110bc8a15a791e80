//! `durable` without the hook, on a function of another name.

use event_core::prelude::*;

#[hookimpl(durable)]
fn tell_billing() {}

#[hookimpl(durable(from = "start"))]
fn tell_the_warehouse() {}

fn main() {}
