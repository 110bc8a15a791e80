//! An argument is taken by value.

use event_core::prelude::*;

#[hookimpl]
fn startup(app: App) {
    drop(app);
}

fn main() {}
