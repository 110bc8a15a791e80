//! A hook takes the app by value.

use event_core::prelude::*;

#[hookspec]
fn prepare(app: App);

fn main() {}
