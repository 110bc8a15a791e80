//! `#[hookspec]` is given twice.

use event_core::prelude::*;

#[hookspec]
#[hookspec]
fn prepare(app: &App);

fn main() {}
