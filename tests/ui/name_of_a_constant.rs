//! The name is a constant.

use event_core::prelude::*;

#[derive(Event)]
#[event(name = NAME)]
struct BanUser;

fn main() {}
