//! A hook is `const`.

use event_core::prelude::*;

#[hookspec]
const fn asked(app: &App, number: u8);

fn main() {}
