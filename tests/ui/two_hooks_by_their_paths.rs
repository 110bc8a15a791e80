//! A function can answer one hook.

use event_core::prelude::*;

#[hookimpl(event_core::startup, event_core::shutdown)]
fn log() {
    println!("now");
}

fn main() {}
