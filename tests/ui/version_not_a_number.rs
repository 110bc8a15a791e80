//! The version is a text.

use event_core::prelude::*;

#[derive(Event)]
#[event(version = "x")]
struct BanUser;

fn main() {}
