//! The name is what a macro makes.

use event_core::prelude::*;

#[derive(Event)]
#[event(name = concat!("ban", "-user"))]
struct BanUser;

fn main() {}
