//! A hook has the event as `Tracked` of any event.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App, event: &Tracked<dyn Event>);

fn main() {}
