//! A hook has a text by value.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App, text: str);

fn main() {}
