//! An implementation takes an argument by value that has no size.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App, question: &str);

#[hookimpl(asked)]
fn answer(question: str) {
    let _ = &question;
}

fn main() {}
