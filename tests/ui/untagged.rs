//! The event is to be written without a tag.

use event_core::prelude::*;

#[derive(Event)]
#[serde(untagged)]
struct BanUser {
    user: String,
}

fn main() {}
