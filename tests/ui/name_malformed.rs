//! The name of an event has letters that no name may have.

use event_core::prelude::*;

#[derive(Event)]
#[event(name = "Ban User")]
struct BanUser;

fn main() {}
