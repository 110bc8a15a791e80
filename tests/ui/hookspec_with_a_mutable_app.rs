//! A hook's app is a `&mut`.

use event_core::prelude::*;

#[hookspec]
fn prepare(app: &mut App);

#[hookimpl(prepare)]
fn nothing(app: &App) {
    println!("{app:?}");
}

fn main() {}
