//! A hook doesn't take the app.

use event_core::prelude::*;

#[hookspec(firstresult)]
fn permission_allowed(action: &str) -> bool;

fn main() {}
