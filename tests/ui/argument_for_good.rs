//! An implementation wants an event for good.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser;

#[hookimpl(track_event)]
fn remember(app: &'static App, event: &'static BanUser) {
    println!("{app:?} {event:p}");
}

fn main() {}
