//! A mistake in a hook is not repeated where the hook is used.

use event_core::prelude::*;

#[hookspec(first_result)]
fn permission_allowed(app: &App, action: &str) -> bool;

#[hookimpl(permission_allowed)]
fn all_users() -> bool {
    true
}

fn main() {}
