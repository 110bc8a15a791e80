//! A mistake in an event is not repeated where the event is used.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser(String);

#[hookimpl]
fn track_event(event: &Tracked<BanUser>) {
    println!("{} {}", event.name(), event.0);
}

fn ban(app: &App) {
    let _ = app.track(BanUser(String::new())).wait();
}

fn main() {}
