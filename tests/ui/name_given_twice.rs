//! An event is given two names.

use event_core::prelude::*;

#[derive(Event)]
#[event(name = "ban-user")]
#[event(name = "user-banned")]
struct BanUser;

fn main() {}
