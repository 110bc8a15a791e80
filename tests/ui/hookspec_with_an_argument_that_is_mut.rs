//! A hook has an argument that is declared `mut`.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App, mut number: u8);

fn main() {}
