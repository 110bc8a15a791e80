//! A hook has a body.

use event_core::prelude::*;

#[hookspec(firstresult)]
fn permission_allowed(app: &App, action: &str) -> bool {
    true
}

fn main() {}
