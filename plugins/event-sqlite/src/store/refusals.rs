//! Whether an event that is kept can still be refused.

use event_core::App;

use crate::error::{Error, Result};

/// Checks that no essential implementation comes after the store's.
///
/// # Errors
/// An event that such an implementation refuses would stay in the table, though its caller was told that it isn't tracked.
pub(crate) fn check_none_after_the_store(app: &App) -> Result<()> {
    let description = app.describe();
    let hook =
        description.hooks.iter().find(|hook| (hook.name, hook.plugin) == ("track_event", "event-core"));
    let mut implementations = hook.into_iter().flat_map(|hook| &hook.implementations);
    let store = concat!(env!("CARGO_CRATE_NAME"), "::keep_event");
    implementations.by_ref().find(|it| it.path == store);
    match implementations.find(|it| it.essential) {
        None => Ok(()),
        Some(late) => Err(Error::Contradiction(format!(
            "failed to open the store: `{}` ({}) is essential and comes after the store, so that an event which it \
             refuses would stay in the file; take its `trylast` away, or write `before = \"event-sqlite\"`",
            late.path, late.location
        ))),
    }
}
