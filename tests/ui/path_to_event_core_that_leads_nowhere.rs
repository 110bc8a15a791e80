//! Event-core is said to be where it isn't: once for each macro, whatever they write.

use event_core::prelude::*;

#[derive(Event)]
#[event(crate = renamed)]
struct BanUser {
    user: String,
}

#[hookspec(crate = renamed)]
fn asked(app: &App, question: &str) -> bool;

#[hookimpl(track_event, crate = renamed)]
async fn hear(app: &App, event: &Tracked<BanUser>) -> Result<(), std::fmt::Error> {
    let _ = (app, &event.user);
    Ok(())
}

fn main() {}
