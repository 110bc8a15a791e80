//! A wrapper keeps something over an `.await` that can't change threads.

use event_core::prelude::*;

use std::rc::Rc;

#[hookimpl(track_event, wrapper)]
async fn around(event: &Tracked, next: Next<'_>) -> Outcome {
    let name = Rc::new(event.name());
    let outcome = next.run().await;
    println!("{name}");
    outcome
}

fn main() {}
