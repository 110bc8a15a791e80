//! A hook returns something borrowed.

use event_core::prelude::*;

#[hookspec]
fn render(app: &App, item: &str) -> &str;

fn main() {}
