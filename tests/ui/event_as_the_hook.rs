//! The attribute names the event in the place of the hook.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: String,
}

#[hookimpl(BanUser)]
fn mail(event: &BanUser) {
    println!("{}", event.user);
}

fn main() {}
