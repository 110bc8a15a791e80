//! An implementation is `extern`.

use event_core::prelude::*;

#[hookimpl(track_event)]
extern "C" fn ban(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
