//! The event is an enum.

use event_core::prelude::*;

#[derive(Event)]
enum Moderation {
    Ban { user: String },
    Unban { user: String },
}

fn main() {}
