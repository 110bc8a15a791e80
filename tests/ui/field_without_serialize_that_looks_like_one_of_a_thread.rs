//! A field's type isn't `Serialize`, and is called like one of std that isn't `Send`.

use event_core::prelude::*;

struct Cell {
    number: u32,
}

#[derive(Event)]
struct MovePiece {
    to: Cell,
}

fn main() {}
