//! No event name can be made from the type's.

use event_core::prelude::*;

#[derive(Event)]
struct Begrüßung;

fn main() {}
