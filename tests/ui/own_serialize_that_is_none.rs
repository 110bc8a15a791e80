//! An event says that it has its own `Serialize` and has none.

use event_core::prelude::*;

#[derive(Event)]
#[event(serialize)]
struct BanUser {
    user: String,
}

fn main() {}
