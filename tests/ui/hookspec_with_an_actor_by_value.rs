//! A hook takes the actor by value.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App, actor: Actor);

fn main() {}
