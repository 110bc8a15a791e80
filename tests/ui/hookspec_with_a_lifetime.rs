//! A hook names a lifetime.

use event_core::prelude::*;

#[hookspec]
fn render<'a>(app: &'a App, item: &'a str) -> String;

fn main() {}
