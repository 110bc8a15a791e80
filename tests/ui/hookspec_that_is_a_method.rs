//! A hook is a method.

use event_core::prelude::*;

#[hookspec]
fn prepare(&self, app: &App);

fn main() {}
