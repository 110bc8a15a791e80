//! An event has options, and no derive.

use event_core::prelude::*;

#[event(name = "ban-user")]
struct BanUser;

fn main() {}
