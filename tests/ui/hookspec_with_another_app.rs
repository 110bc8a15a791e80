//! The first argument of a hook is called `app` and isn't one.

use event_core::prelude::*;

#[hookspec(firstresult)]
fn permission_allowed(app: &str, action: &str) -> bool;

fn main() {}
