//! A closure returns what its last expression gives.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: String,
}

fn main() {
    let _ = App::builder().on(|event: &BanUser| event.user.len());
}
