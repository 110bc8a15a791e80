//! Async implementations and a wrapper.

use event_core::prelude::*;

use crate::{Happened, roll_call};

#[hookimpl(track_event)]
async fn slow(event: &Happened) {
    let Happened = event;
    println!("  order_alpha::west::slow");
}

#[hookimpl(track_event, wrapper)]
async fn around(next: Next<'_>) -> Outcome {
    println!("( alpha's wrapper");
    let outcome = next.run().await;
    println!(") alpha's wrapper");
    outcome
}

#[hookimpl(roll_call)]
async fn answer() -> String {
    "alpha, in the west, without a constraint".to_owned()
}
