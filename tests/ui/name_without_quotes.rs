//! The name has no quotes.

use event_core::prelude::*;

#[derive(Event)]
#[event(name = ban-user)]
struct BanUser;

fn main() {}
