//! A hook has an argument that can't be given to every implementation.

use event_core::prelude::*;

#[hookspec(firstresult)]
fn permission_allowed(app: &App, action: String) -> bool;

fn main() {}
