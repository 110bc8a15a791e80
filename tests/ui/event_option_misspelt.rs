//! An option of `#[event]` is misspelt.

use event_core::prelude::*;

#[derive(Event)]
#[event(nmae = "ban-user")]
struct BanUser;

fn main() {}
