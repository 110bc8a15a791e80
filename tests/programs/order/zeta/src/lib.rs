//! The second of two plugins: it wants to come before the application, and its wrapper around all implementations.

use event_core::prelude::*;
use order_alpha::{implementations, roll_call};

event_core::plugin!();

mod inner {
    order_alpha::implementations! {
        last(trylast)
        first(tryfirst)
        middle
    }
}

implementations! {
    one
    two(tryfirst, before = "order-alpha")
    three(trylast)
    four
}

#[hookimpl(track_event, wrapper, tryfirst)]
async fn outermost(next: Next<'_>) -> Outcome {
    println!("( zeta's wrapper");
    let outcome = next.run().await;
    println!(") zeta's wrapper");
    outcome
}

#[hookimpl]
fn startup() {
    println!("  zeta starts");
}

#[hookimpl(shutdown)]
async fn stop() {
    println!("  zeta stops");
}

#[hookimpl(roll_call, after = "order-app")]
fn present() -> Option<String> {
    Some("zeta".to_owned())
}
