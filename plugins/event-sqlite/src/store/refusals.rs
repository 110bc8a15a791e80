//! Whether an event can still be refused after it is stored.

use event_core::App;
use event_core::describe::HookInfo;

use crate::error::{Error, Result};

/// Checks that no essential implementation comes after the store's.
///
/// # Errors
/// An event that such an implementation refuses would stay in the table, though its caller was told that it isn't tracked.
pub(crate) fn check_none_after_the_store(app: &App) -> Result<()> {
    let description = app.describe();
    let is_track_event = |hook: &HookInfo| (hook.name(), hook.plugin()) == ("track_event", "event-core");
    let calls = description.hooks.iter().find(|calls| is_track_event(calls.hook));
    let mut implementations = calls.into_iter().flat_map(|calls| &calls.implementations);
    let store = concat!(env!("CARGO_CRATE_NAME"), "::keep_event");
    implementations.by_ref().find(|it| it.path() == store);
    match implementations.find(|it| it.is_essential()) {
        None => Ok(()),
        Some(late) => Err(Error::Contradiction(format!(
            "failed to open the store: `{}` ({}) is essential and comes after the store, so that an event which it \
             refuses would stay in the file; take its `trylast` away, or write `before = \"event-sqlite\"`",
            late.path(),
            late.location()
        ))),
    }
}
