//! The options of `#[event]` have no parentheses.

use event_core::prelude::*;

#[derive(Event)]
#[event = "ban-user"]
struct BanUser;

fn main() {}
