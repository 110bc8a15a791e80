//! An implementation returns a future, alone and in a `Result`.

use event_core::prelude::*;

#[hookimpl]
fn track_event(event: &Tracked) -> impl Future<Output = ()> {
    println!("{}", event.name());
    async {}
}

#[hookimpl(track_event)]
fn mail(event: &Tracked) -> Result<impl Future<Output = ()>, String> {
    println!("{}", event.name());
    Ok(async {})
}

fn main() {}
