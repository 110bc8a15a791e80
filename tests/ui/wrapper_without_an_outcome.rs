//! A wrapper returns nothing.

use event_core::prelude::*;

#[hookimpl(wrapper)]
async fn track_event(next: Next<'_>) {
    next.run().await;
}

fn main() {}
