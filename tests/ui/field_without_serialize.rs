//! A field can't be serialised.

use event_core::prelude::*;

struct User {
    id: u64,
}

#[derive(Event)]
struct BanUser {
    user: User,
    reason: String,
}

fn main() {}
