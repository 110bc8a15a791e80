//! An implementation's options stand in parentheses behind the hook.

use event_core::prelude::*;

#[hookimpl(track_event(tryfirst))]
fn first(event: &Tracked) {
    println!("{}", event.name());
}

#[hookimpl(track_event())]
fn second(event: &Tracked) {
    println!("{}", event.name());
}

#[hookimpl(event_core.track_event)]
fn third(event: &Tracked) {
    println!("{}", event.name());
}

#[hookimpl("track-event")]
fn fourth(event: &Tracked) {
    println!("{}", event.name());
}

fn main() {}
