//! The event is a tuple struct.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser(String);

fn main() {}
