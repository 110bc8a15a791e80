//! The name of the hook is misspelt in its path.

use event_core::prelude::*;

#[hookimpl(event_core::track_evnt)]
async fn log(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
