//! Depends on the framework alone: neither event-core nor serde is in this crate's reach.

use facade::event_core::{Event, hookimpl, hookspec};
use facade::{App, Next, Outcome, Tracked};

facade::event_core::plugin!();

mod plugins {
    // A program names its own plugins with the framework's macro.
    facade::event_core::plugins![];
}

/// A user signed up.
#[derive(Event)]
#[event(crate = facade::event_core)]
struct SignUp {
    name: String,
    #[serde(rename = "how-old")]
    age: u8,
}

#[derive(Event)]
#[event(crate = facade::event_core)]
struct Closed;

/// What is printed about an event?
#[hookspec(crate = facade::event_core)]
fn describe(app: &App, event: &Tracked) -> String;

#[hookimpl(describe, crate = facade::event_core)]
fn of_a_sign_up(event: &SignUp) -> String {
    format!("{} is {}", event.name, event.age)
}

#[hookimpl(facade::hooks::track_event, crate = facade::event_core)]
async fn print(app: &App, event: &Tracked) -> facade::event_core::Result<()> {
    let described = describe::call(app, event).await?.values;
    println!("{} {:?} {}", event.name(), described, event.properties_json()?);
    Ok(())
}

#[hookimpl(facade::hooks::track_event, wrapper, crate = facade::event_core)]
async fn around(next: Next<'_>) -> Outcome {
    next.run().await
}

#[hookimpl(facade::hooks::page, crate = facade::event_core)]
fn front_page(path: &str) -> Option<String> {
    (path == "/").then(|| "the front page".to_owned())
}

fn main() -> facade::event_core::Result<()> {
    let app = App::start().wait()?;
    app.track(SignUp { name: "ada".to_owned(), age: 36 }).wait()?.strict()?;
    app.track(Closed).wait()?.strict()?;
    println!(
        "{:?} {:?}",
        facade::hooks::page::call(&app, "/").wait()?,
        facade::hooks::page::call(&app, "/x").wait()?
    );
    app.shutdown().wait()
}
