//! A value of a hook is a closure that may not leave its thread.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App) -> Box<dyn Fn()>;

fn main() {}
