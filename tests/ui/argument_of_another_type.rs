//! An argument has another type in the hook.

use event_core::prelude::*;

#[hookimpl]
fn startup(app: &str) {
    println!("{app}");
}

fn main() {}
