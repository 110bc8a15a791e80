//! An event of any type is taken as a trait object, by a hook and by an implementation.

use event_core::prelude::*;

#[hookspec]
fn noticed(app: &App, event: &dyn Event);

#[hookspec]
fn seen(app: &App, event: &Tracked);

#[hookimpl(seen)]
fn log(event: &dyn Event) {}

fn main() {}
