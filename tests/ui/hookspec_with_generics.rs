//! A hook is generic.

use event_core::prelude::*;

#[hookspec]
fn render<T: ToString>(app: &App, item: &T) -> String;

fn main() {}
