//! An implementation returns nothing where the hook wants a value.

use event_core::prelude::*;

#[hookspec(firstresult)]
fn permission_allowed(app: &App, action: &str) -> bool;

#[hookimpl(permission_allowed)]
fn no_answer(action: &str) {
    println!("{action}");
}

fn main() {}
