//! A hook is `unsafe`.

use event_core::prelude::*;

#[hookspec]
unsafe fn asked(app: &App, number: u8);

fn main() {}
