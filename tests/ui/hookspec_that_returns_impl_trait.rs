//! A hook returns an `impl Trait`, and so does its implementation.

use event_core::prelude::*;

#[hookspec]
fn numbers(app: &App) -> impl Iterator<Item = u8>;

#[hookimpl(numbers)]
fn none() -> impl Iterator<Item = u8> {
    std::iter::empty()
}

fn sum(app: &App) -> u8 {
    numbers::call(app).wait().unwrap().values.into_iter().map(|numbers| numbers.sum::<u8>()).sum()
}

fn main() {}
