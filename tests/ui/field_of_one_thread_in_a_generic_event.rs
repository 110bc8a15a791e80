//! A field of a generic event that only one thread may have, with the event's parameter in it.

use std::rc::Rc;

use event_core::prelude::*;

#[derive(Event)]
struct Imported<T> {
    items: Vec<T>,
    #[serde(skip)]
    first: Option<Rc<T>>,
}

#[hookimpl(track_event)]
fn hear(event: &Imported<u8>) {
    println!("{:?}", event.items);
}

fn main() {}
