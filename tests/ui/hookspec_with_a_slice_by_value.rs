//! A hook has a list by value.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App, numbers: [u8]);

fn main() {}
