//! An implementation stands in an `impl`, and a hook in a trait. The guide explains what the compiler says.

use event_core::prelude::*;

struct Logger;

impl Logger {
    #[hookimpl(track_event)]
    fn log(event: &Tracked) {
        println!("{}", event.name());
    }
}

trait Asking {
    #[hookspec]
    fn asked(app: &App);
}

fn main() {}
