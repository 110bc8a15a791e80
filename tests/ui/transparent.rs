//! The event is to be written as its only field.

use event_core::prelude::*;

#[derive(Event)]
#[serde(transparent)]
struct BanUser {
    user: String,
}

fn main() {}
