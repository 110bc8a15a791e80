//! A hook is used as a function.

use event_core::prelude::*;

#[hookspec(firstresult)]
fn permission_allowed(app: &App, action: &str) -> bool;

async fn ask(app: &App) {
    let _ = permission_allowed(app, "ban-user").await;
}

fn main() {}
