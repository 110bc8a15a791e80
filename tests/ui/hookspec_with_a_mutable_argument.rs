//! A hook has an argument that implementations could change.

use event_core::prelude::*;

#[hookspec]
fn prepare(app: &App, headers: &mut Vec<String>);

fn main() {}
