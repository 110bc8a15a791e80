//! A field is to be kept out of the properties with an option that events have none of.

use event_core::prelude::*;

#[derive(Event)]
struct Login {
    user: String,
    #[event(skip)]
    password: String,
}

fn main() {}
