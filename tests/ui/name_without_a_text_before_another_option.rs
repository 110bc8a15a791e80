//! Nothing comes after `name =` but another option.

use event_core::prelude::*;

#[derive(Event)]
#[event(name = , version = 2)]
struct BanUser;

fn main() {}
