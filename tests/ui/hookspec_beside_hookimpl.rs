//! A function is a hook and its implementation.

use event_core::prelude::*;

#[hookspec]
#[hookimpl]
fn prepare(app: &App) {
    println!("{app:?}");
}

fn main() {}
