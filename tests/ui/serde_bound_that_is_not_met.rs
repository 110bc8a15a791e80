//! The type in a generic event can't do what `#[serde(bound = …)]` asks for.

use event_core::prelude::*;
use serde::Serializer;
use std::fmt::Display;

#[derive(Event)]
struct Imported<T> {
    #[serde(bound = "T: Display", serialize_with = "displayed")]
    item: T,
}

fn displayed<T: Display, S: Serializer>(item: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(item)
}

struct Row;

fn main() {
    let _ = App::builder().event::<Imported<Row>>();
}
