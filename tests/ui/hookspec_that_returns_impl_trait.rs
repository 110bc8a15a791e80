//! Each implementation of a hook is to choose the type of its value.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App) -> impl Iterator<Item = u8>;

fn main() {}
