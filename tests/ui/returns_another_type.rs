//! An implementation returns another type than the hook.

use event_core::prelude::*;

#[hookimpl]
fn register_events() -> u64 {
    7
}

fn main() {}
