//! Every wrong argument is reported.

use event_core::prelude::*;

#[hookimpl]
fn track_event(ap: &App, event: u64) -> bool {
    format!("{ap:?}").is_empty() && event > 0
}

fn main() {}
