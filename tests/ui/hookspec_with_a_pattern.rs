//! An argument of a hook has no plain name.

use event_core::prelude::*;

#[hookspec]
fn prepare(app: &App, (x, y): (u32, u32));

fn main() {}
