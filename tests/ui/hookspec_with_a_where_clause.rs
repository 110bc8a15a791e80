//! A hook has a `where` clause.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App, number: u8)
where
    u8: Copy;

fn main() {}
