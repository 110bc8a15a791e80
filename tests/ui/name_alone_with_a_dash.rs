//! The name stands alone and has no quotes.

use event_core::prelude::*;

#[derive(Event)]
#[event(ban-user)]
struct BanUser;

fn main() {}
