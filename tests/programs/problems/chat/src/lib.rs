//! A plugin that has an event called `message-sent`, and wants to come before another.

use event_core::prelude::*;

event_core::plugin!();

/// A user said something.
#[derive(Event)]
pub struct MessageSent {
    /// What was said.
    pub text: String,
}

#[hookimpl(track_event, before = "problems-mail")]
fn show(event: &MessageSent) {
    println!("{}", event.text);
}

/// Gives types that can't be.
#[hookimpl]
fn register_events() -> Result<Vec<EventType>, String> {
    Err("the list of types can't be read".to_owned())
}
