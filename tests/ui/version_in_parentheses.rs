//! The version is in parentheses.

use event_core::prelude::*;

#[derive(Event)]
#[event(version(2))]
struct BanUser;

fn main() {}
