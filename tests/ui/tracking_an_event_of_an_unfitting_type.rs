//! A generic event is tracked whose type can't be written as JSON.

use event_core::prelude::*;

struct Row;

#[derive(Event)]
struct Imported<T> {
    item: T,
}

fn import(app: &App) -> event_core::Result<Receipt> {
    app.track(Imported { item: Row }).wait()
}

fn main() {}
