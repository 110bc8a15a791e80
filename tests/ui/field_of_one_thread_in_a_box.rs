//! A field is a boxed trait object that only one thread may have.

use std::fmt::Debug;

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    page: Option<Box<dyn Debug + Send>>,
}

#[hookimpl(track_event)]
fn hear(event: &Tracked<BanUser>) {
    println!("{:?}", event.page);
}

fn main() {}
