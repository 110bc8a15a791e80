//! Nothing comes after `version =`.

use event_core::prelude::*;

#[derive(Event)]
#[event(version = )]
struct BanUser;

fn main() {}
