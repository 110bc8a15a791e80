//! A hook has an argument that may own something.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App, reason: Option<String>);

fn main() {}
