//! A field is a pointer.

use event_core::prelude::*;

#[derive(Event)]
struct Mapped {
    #[serde(skip)]
    memory: *const u8,
}

fn main() {}
