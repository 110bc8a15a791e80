//! The event is a union.

use event_core::prelude::*;

#[derive(Event)]
union BanUser {
    id: u32,
    name: [u8; 4],
}

fn main() {}
