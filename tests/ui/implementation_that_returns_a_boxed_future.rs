//! An implementation returns its future in a box.

use event_core::prelude::*;

#[hookimpl]
fn track_event(event: &Tracked) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    println!("{}", event.name());
    Box::pin(async {})
}

fn main() {}
