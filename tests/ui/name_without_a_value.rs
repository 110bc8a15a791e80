//! The name of an event is left out after `name`.

use event_core::prelude::*;

#[derive(Event)]
#[event(name)]
struct BanUser;

fn main() {}
