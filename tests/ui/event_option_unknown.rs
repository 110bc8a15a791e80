//! `#[event]` has no such option.

use event_core::prelude::*;

#[derive(Event)]
#[event(topic = "ban-user")]
struct BanUser;

fn main() {}
