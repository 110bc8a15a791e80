//! A hook is `extern`.

use event_core::prelude::*;

#[hookspec]
extern fn asked(app: &App, number: u8);

fn main() {}
