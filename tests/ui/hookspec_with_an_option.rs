//! A hook returns an `Option`.

use event_core::prelude::*;

#[hookspec(firstresult)]
fn permission_allowed(app: &App, action: &str) -> Option<bool>;

fn main() {}
