//! The name stands alone.

use event_core::prelude::*;

#[derive(Event)]
#[event("ban-user")]
struct BanUser;

fn main() {}
