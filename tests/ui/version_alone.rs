//! The version stands alone.

use event_core::prelude::*;

#[derive(Event)]
#[event(2)]
struct BanUser;

fn main() {}
