//! The `Ok` of an implementation has another type than the hook.

use event_core::prelude::*;

#[hookimpl]
fn track_event(event: &Tracked) -> Result<String, std::io::Error> {
    Ok(event.name().to_owned())
}

fn main() {}
