//! An implementation is a test.

use event_core::prelude::*;

#[hookimpl]
#[tokio::test]
async fn track_event(event: &Tracked) {
    println!("{}", event.name());
}

#[hookimpl(track_event)]
#[test]
fn log(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
