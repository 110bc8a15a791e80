//! A hook without the app is reported once, and not where it is implemented and called.

use event_core::prelude::*;

#[hookspec(firstresult)]
fn permission_allowed(actor: Option<&Actor>, action: &str) -> bool;

#[hookimpl]
fn permission_allowed(app: &App, actor: Option<&Actor>) -> bool {
    format!("{app:?}").is_empty() && actor.is_some()
}

fn is_allowed(app: &App) -> event_core::Result<bool> {
    Ok(permission_allowed::call(app, None, "ban-user").wait()?.unwrap_or(false))
}

fn main() {}
