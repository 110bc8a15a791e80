//! A crate of the edition before.

use event_core::prelude::*;

// A word that became a keyword later, as the name of what the macros handle.
#[derive(Event)]
struct gen {
    gen: u8,
}

/// Asks for a number.
#[hookspec(firstresult)]
fn number(app: &App, gen: u8) -> u8;

#[hookimpl]
async fn number(gen: u8) -> u8 {
    gen + 1
}

#[hookimpl(track_event)]
async fn print(app: &App, event: &Tracked<gen>) -> event_core::Result<()> {
    println!("{} {:?}", event.properties_json()?, number::call(app, event.gen).await?);
    Ok(())
}

fn main() -> event_core::Result<()> {
    let app = App::start().wait()?;
    app.track(gen { gen: 1 }).wait()?.strict()?;
    app.shutdown().wait()
}
