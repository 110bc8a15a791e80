//! A wrapper takes the rest of another hook's call.

use event_core::prelude::*;

#[hookspec(firstresult)]
fn permission_allowed(app: &App, action: &str) -> bool;

#[hookimpl(wrapper)]
async fn permission_allowed(next: Next<'_>) -> Outcome<permission_allowed> {
    let _ = next.run().await;
    Outcome::default()
}

fn main() {}
