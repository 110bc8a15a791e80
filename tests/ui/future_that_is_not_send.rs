//! An implementation keeps something over an `.await` that can't change threads.

use event_core::prelude::*;

use std::rc::Rc;

#[hookimpl]
async fn track_event(event: &Tracked) {
    let name = Rc::new(event.name());
    std::future::ready(()).await;
    println!("{name}");
}

fn main() {}
