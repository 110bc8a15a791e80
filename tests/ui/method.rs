//! An implementation is a method.

use event_core::prelude::*;

struct Logger;

impl Logger {
    #[hookimpl]
    fn track_event(&self, event: &Tracked) {
        println!("{}", event.name());
    }
}

fn main() {}
