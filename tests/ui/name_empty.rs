//! The name of an event is empty.

use event_core::prelude::*;

#[derive(Event)]
#[event(name = "")]
struct BanUser;

fn main() {}
