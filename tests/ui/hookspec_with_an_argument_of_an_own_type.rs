//! A hook has an argument of a type that owns something.

use event_core::prelude::*;

struct Order {
    items: Vec<String>,
}

#[hookspec]
fn asked(app: &App, order: Order);

fn main() {}
