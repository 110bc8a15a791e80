//! `#[event]` has no options.

use event_core::prelude::*;

#[derive(Event)]
#[event]
struct BanUser;

fn main() {}
