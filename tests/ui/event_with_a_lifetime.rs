//! The event borrows.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser<'a> {
    user: &'a str,
}

fn main() {}
