//! A field has an option that means nothing anywhere.

use event_core::prelude::*;

#[derive(Event)]
struct Login {
    #[event(sensitive = true)]
    user: String,
}

fn main() {}
