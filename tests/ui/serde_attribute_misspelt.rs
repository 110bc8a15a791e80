//! A serde attribute of a field is misspelt.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    #[serde(renam = "name")]
    user: String,
}

fn main() {}
