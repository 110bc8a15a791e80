//! The signatures of an implementation and of a hook have syntax errors; the implementation is used.

use event_core::prelude::*;

#[hookimpl(track_event)]
fn log(event) {}

#[hookspec]
fn seen(app: &App, event);

fn builder() -> event_core::AppBuilder {
    App::builder().hook(log)
}

fn main() {}
