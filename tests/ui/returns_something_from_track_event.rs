//! An implementation returns something where the hook returns nothing.

use event_core::prelude::*;

#[hookimpl]
async fn track_event(event: &Tracked) -> bool {
    event.name() == "ban-user"
}

fn main() {}
