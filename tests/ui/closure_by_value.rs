//! A closure takes an event by value.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser;

fn main() {
    let _ = App::builder().on(|event: BanUser| drop(event));
}
