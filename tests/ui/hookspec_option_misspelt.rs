//! An option of `#[hookspec]` is misspelt.

use event_core::prelude::*;

#[hookspec(first_result)]
fn permission_allowed(app: &App, action: &str) -> bool;

fn main() {}
