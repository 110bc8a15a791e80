//! A hook has the event by value.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App, event: Tracked);

fn main() {}
