//! An option of a hook is misspelt, and the hook is used as if it had it.

use event_core::prelude::*;

#[hookspec(first_result)]
fn allowed(app: &App, action: &str) -> bool;

#[hookimpl(allowed)]
fn everything(action: &str) -> Option<bool> {
    Some(!action.is_empty())
}

fn may(app: &App) -> bool {
    allowed::call(app, "ban").wait().unwrap() == Some(true)
}

fn main() {}
