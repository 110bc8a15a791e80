//! The rest of a call isn't an argument of a hook: a wrapper gets it.

use event_core::prelude::*;

#[hookspec]
pub fn order_placed(app: &App, next: Next<'_>);

#[hookimpl]
fn order_placed(app: &App) {
    let _ = app;
}

#[hookimpl(order_placed, wrapper)]
async fn around(next: Next<'_, order_placed>) -> Outcome<order_placed> {
    next.run().await
}

fn main() {}
