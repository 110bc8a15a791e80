//! A plugin that has an event called `message-sent` too, and wants to come before the same other.

use event_core::prelude::*;

event_core::plugin!();

/// A letter is on its way.
#[derive(Event)]
#[event(name = "message-sent")]
pub struct LetterSent;

#[hookimpl(track_event, before = "problems-chat")]
fn deliver(event: &Tracked) {
    println!("{}", event.name());
}

#[hookimpl(startup, tryfirst, after = "problems-app")]
fn open() {}
