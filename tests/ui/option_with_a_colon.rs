//! An option has a colon where `=` belongs.

use event_core::prelude::*;

#[derive(Event)]
#[event(name: "ban-user")]
struct BanUser;

fn main() {}
