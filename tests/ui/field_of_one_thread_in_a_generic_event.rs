//! A field of a generic event that only one thread may have.

use std::rc::Rc;

use event_core::prelude::*;

#[derive(Event)]
struct Imported<T> {
    items: Vec<T>,
    #[serde(skip)]
    page: Rc<str>,
    #[serde(skip)]
    first: Option<Rc<T>>,
}

#[hookimpl(track_event)]
fn hear(event: &Imported<u8>) {
    println!("{}", event.page);
}

fn main() {}
