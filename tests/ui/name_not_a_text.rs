//! The name of an event is not a text.

use event_core::prelude::*;

#[derive(Event)]
#[event(name = BanUser)]
struct BanUser;

fn main() {}
