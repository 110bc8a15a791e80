//! A hook has an argument of any type that is a closure.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App, notify: impl Fn());

fn main() {}
