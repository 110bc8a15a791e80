//! A hook has an argument that can't change threads.

use event_core::prelude::*;

#[hookspec]
fn count(app: &App, counter: &std::cell::Cell<u64>);

fn main() {}
