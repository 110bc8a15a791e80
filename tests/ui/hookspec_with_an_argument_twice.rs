//! A hook has two arguments of one name.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App, number: u8, number: u16);

fn main() {}
