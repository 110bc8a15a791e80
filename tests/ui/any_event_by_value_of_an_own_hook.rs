//! An event of any type is an argument of an own hook; an implementation takes it by value.

use event_core::prelude::*;

#[hookspec]
pub fn event_noticed(app: &App, event: &Tracked);

#[hookimpl]
fn event_noticed(event: Tracked) {}

fn main() {}
