//! Nothing comes after `name =`.

use event_core::prelude::*;

#[derive(Event)]
#[event(name = )]
struct BanUser;

fn main() {}
