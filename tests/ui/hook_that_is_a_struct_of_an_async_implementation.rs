//! An `async fn` that gives a value names a struct as its hook.

use event_core::prelude::*;

struct Logger;

#[hookimpl(Logger)]
async fn log() -> u8 {
    1
}

fn main() {}
