//! An option is called by a word that comes to mind first, without a hook.

use event_core::prelude::*;

#[hookimpl(last)]
fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
