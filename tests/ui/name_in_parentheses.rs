//! The name is in parentheses.

use event_core::prelude::*;

#[derive(Event)]
#[event(name("ban-user"))]
struct BanUser;

fn main() {}
