//! A hook returns a future, as if it were an implementation.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App) -> impl Future<Output = u8>;

fn main() {}
