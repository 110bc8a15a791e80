//! Every mistake in an event is reported.

use event_core::prelude::*;

#[derive(Event)]
#[event(nmae = "ban-user", version = 0)]
#[serde(transparent)]
struct BanUser<'a>(&'a str);

fn main() {}
