//! A hook has a closure that one thread only may call.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App, notify: &dyn Fn());

fn main() {}
