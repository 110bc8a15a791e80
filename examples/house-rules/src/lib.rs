//! A plugin that defines a hook of its own and gives the first answer to it.

use event_core::prelude::*;

event_core::plugin!();

/// May this actor do this? The first answer counts; without any, the answer is no.
#[hookspec(firstresult)]
pub fn permission_allowed(app: &App, actor: Option<&Actor>, action: &str) -> bool;

/// Root may do everything; without an actor, nothing is allowed.
#[hookimpl(permission_allowed, tryfirst)]
fn root_may_do_everything(actor: Option<&Actor>) -> Option<bool> {
    match actor.map(Actor::id) {
        None => Some(false),
        Some(Some("root")) => Some(true),
        Some(_) => None,
    }
}
