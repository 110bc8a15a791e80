//! Whether events are stored, and whether one can still be refused after it is.

use std::sync::Arc;

use event_core::App;
use event_core::describe::{Description, HookInfo, Implementation};

use crate::error::{Error, Result};

/// Whether the app calls [`keep_event`](crate::keep_event) for its events: the plugin is linked and not switched off, or the
/// builder was given the function.
pub(crate) fn keeps_events(app: &App) -> bool {
    of_track_event(&app.describe()).any(|it| it.path() == KEEP_EVENT)
}

const KEEP_EVENT: &str = concat!(env!("CARGO_CRATE_NAME"), "::keep_event");

/// The implementations that are called for events, in call order.
fn of_track_event(description: &Description) -> impl Iterator<Item = &Arc<Implementation>> {
    let is_track_event = |hook: &HookInfo| (hook.name(), hook.plugin()) == ("track_event", "event-core");
    let calls = description.hooks.iter().filter(move |calls| is_track_event(calls.hook));
    calls.flat_map(|calls| &calls.implementations)
}

/// Checks that no essential implementation comes after the store's.
///
/// # Errors
/// An event that such an implementation refuses would stay in the table, though its caller was told that it isn't tracked.
pub(crate) fn check_none_after_the_store(app: &App) -> Result<()> {
    let description = app.describe();
    let mut implementations = of_track_event(&description);
    implementations.by_ref().find(|it| it.path() == KEEP_EVENT);
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
