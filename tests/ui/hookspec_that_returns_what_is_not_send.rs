//! A value of a hook may not leave its thread.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App) -> std::rc::Rc<str>;

fn main() {}
