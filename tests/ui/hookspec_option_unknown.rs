//! `#[hookspec]` has no such option.

use event_core::prelude::*;

#[hookspec(historic)]
fn permission_allowed(app: &App, action: &str) -> bool;

fn main() {}
