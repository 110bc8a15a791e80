//! A hook has the event as a trait object.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App, event: &dyn Event);

fn main() {}
