//! A field has a type that is not there.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: User,
    reason: String,
}

fn main() {}
