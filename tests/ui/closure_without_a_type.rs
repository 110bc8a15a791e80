//! A closure doesn't say what it hears.

use event_core::prelude::*;

fn main() {
    let _ = App::builder().on(|event| println!("{}", event.name()));
}
