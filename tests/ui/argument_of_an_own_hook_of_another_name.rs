//! An argument of an own hook is called otherwise, and another argument has a name that is near.

use event_core::prelude::*;

#[hookspec(firstresult)]
fn permission_allowed(app: &App, actor: Option<&Actor>, what: &str) -> bool;

#[hookimpl(permission_allowed)]
async fn allow(action: &str) -> bool {
    action.is_empty()
}

fn main() {}
