//! An option of `#[hookspec]` is in quotes.

use event_core::prelude::*;

#[hookspec("firstresult")]
fn permission_allowed(app: &App) -> bool;

fn main() {}
