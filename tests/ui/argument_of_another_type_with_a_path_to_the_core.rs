//! The hook's argument is of another type, and event-core is named by a path.

mod facade {
    pub use event_core;
}

use event_core::prelude::*;

#[hookimpl(crate = facade::event_core)]
fn startup(app: &str) {
    println!("{app}");
}

fn main() {}
