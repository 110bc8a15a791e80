//! An event borrows, and is used.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser<'a> {
    user: &'a str,
}

#[hookimpl(track_event)]
fn mail(event: &BanUser) {
    println!("{}", event.user);
}

fn ban(app: &App) -> event_core::Result<Receipt> {
    app.track(BanUser { user: "mallory" }).wait()
}

fn main() {}
