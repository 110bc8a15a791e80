//! The wrapper's types name a struct in the place of the hook, which isn't `track_event`.

use event_core::prelude::*;

struct Allowed;

#[hookspec(firstresult)]
pub fn permission_allowed(app: &App, action: &str) -> bool;

#[hookimpl(permission_allowed, wrapper)]
async fn around(action: &str, next: Next<'_, Allowed>) -> Result<Outcome<Allowed>, String> {
    println!("{action}");
    Ok(next.run().await)
}

fn main() {}
