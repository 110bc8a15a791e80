//! Types and traits of the user's own that are called like the framework's, or like those that a hook can't have.

#![allow(dead_code, clippy::trivially_copy_pass_by_ref)]

use event_core::{Actor, App, hookimpl, hookspec};

use crate::{builder, note, notes};

#[derive(Clone, Copy)]
struct Tracked(u8);

#[derive(Clone, Copy)]
struct Rc(u8);

/// A counter of one kind.
struct Option(u8);

trait Event: Sync {
    fn weight(&self) -> u8;
}

impl Event for Tracked {
    fn weight(&self) -> u8 {
        self.0
    }
}

#[hookspec]
fn weigh(app: &App, event: &Tracked, copy: Tracked, object: &dyn Event, rc: Rc) -> Option;

#[hookimpl(weigh)]
fn all(event: &Tracked, copy: Tracked, object: &dyn Event, rc: Rc) -> Option {
    Option(event.0 + copy.0 + object.weight() + rc.0)
}

#[hookimpl(weigh)]
async fn the_copy(copy: Tracked) -> Option {
    Option(copy.0)
}

/// An event and what it is about, in words of the user's own.
mod events {
    use event_core::{Actor as By, Event as Derive, Tracked, hookimpl, track_event};

    #[derive(Derive)]
    pub(super) struct Event {
        pub(super) actor: Actor,
    }

    #[derive(serde::Serialize)]
    pub(super) struct Actor(pub(super) u8);

    #[hookimpl(track_event)]
    pub(super) fn plain(app: &event_core::App, event: &Event) {
        crate::note(app, event.actor.0.to_string());
    }

    #[hookimpl(track_event)]
    pub(super) async fn tracked(app: &event_core::App, event: &Tracked<Event>) {
        crate::note(app, event.actor().and_then(By::id).unwrap_or_default());
    }
}

/// The condition holds for the registration too.
#[hookimpl(weigh)]
#[cfg(any())]
fn never(event: &Missing) {}

#[hookspec]
#[cfg(any())]
fn never_called(app: &App, missing: &Missing);

#[test]
fn a_type_of_the_users_own_is_taken_for_what_it_is_whatever_its_name() {
    let app = builder().event::<events::Event>().hook(all).hook(the_copy);
    let app = app.hook(events::plain).hook(events::tracked).start().wait().unwrap();
    let tracked = Tracked(1);
    let weights = weigh::call(&app, &tracked, Tracked(2), &tracked, Rc(4)).wait().unwrap();
    assert_eq!(weights.values.iter().map(|weight| weight.0).collect::<Vec<_>>(), [8, 2]);
    let event = events::Event { actor: events::Actor(7) };
    assert!(app.track(event).by(Actor::new("root")).wait().unwrap().failures().is_empty());
    note(&app, "end");
    assert_eq!(notes(&app), ["7", "root", "end"]);
}
