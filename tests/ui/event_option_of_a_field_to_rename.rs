//! A field is to be renamed with an option of the event.

use event_core::prelude::*;

#[derive(Event)]
struct Login {
    #[event(name = "user_id")]
    user: String,
}

fn main() {}
