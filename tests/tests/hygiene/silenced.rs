//! A lint that is allowed above an item is allowed in what the macros make of it.

#![deny(warnings)]

use event_core::prelude::*;

#[derive(Event)]
#[deprecated]
#[allow(dead_code, non_snake_case)]
struct Old {
    #[deprecated]
    userName: String,
    #[serde(flatten)]
    moreNames: std::collections::BTreeMap<String, String>,
}

#[hookspec]
#[allow(deprecated, non_snake_case, dead_code)]
fn about(app: &App, oldEvent: &Old, event: &Tracked) -> Vec<u8>;

#[hookspec]
#[deprecated]
#[allow(dead_code)]
fn deprecated_hook(app: &App);

#[hookimpl(about)]
#[allow(deprecated, non_snake_case)]
fn with_an_argument(oldEvent: &Old) -> Vec<u8> {
    oldEvent.userName.clone().into()
}

#[hookimpl(track_event)]
#[expect(deprecated)]
fn expected(event: &Old) {
    let _ = &event.userName;
}

#[allow(deprecated)]
#[hookimpl(track_event)]
async fn above(event: &Tracked<Old>) {
    let _ = &event.userName;
}

#[hookimpl(deprecated_hook)]
#[allow(deprecated)]
fn of_a_deprecated_hook() {}

#[hookimpl(track_event, wrapper)]
#[allow(deprecated)]
async fn a_wrapper(event: &Old, next: Next<'_>) -> Outcome {
    let _ = &event.userName;
    next.run().await
}

#[hookimpl(track_event)]
#[deprecated]
fn deprecated_itself() {}
