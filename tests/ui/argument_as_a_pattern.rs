//! An argument is taken apart in the signature.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: String,
}

#[hookimpl]
fn track_event(BanUser { user }: &BanUser) {
    println!("{user}");
}

fn main() {}
