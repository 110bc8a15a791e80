//! A wrapper returns another hook's outcome.

use event_core::prelude::*;

#[hookspec(firstresult)]
fn permission_allowed(app: &App, action: &str) -> bool;

#[hookimpl(wrapper)]
async fn permission_allowed(next: Next<'_, permission_allowed>) -> Outcome {
    let _ = next.run().await;
    Outcome::default()
}

fn main() {}
