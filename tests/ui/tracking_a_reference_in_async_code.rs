//! A reference to an event is tracked in async code, with an actor.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: String,
}

async fn ban(app: &App, event: BanUser) -> event_core::Result<()> {
    app.track(&event).by("root").await?.strict()?;
    Ok(())
}

fn main() {}
