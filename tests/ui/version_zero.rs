//! The version is zero.

use event_core::prelude::*;

#[derive(Event)]
#[event(version = 0)]
struct BanUser;

fn main() {}
