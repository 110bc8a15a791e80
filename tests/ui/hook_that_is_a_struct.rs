//! The path in the attribute names a type that is no hook.

use event_core::prelude::*;

struct Logger;

#[hookimpl(Logger)]
async fn log(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
