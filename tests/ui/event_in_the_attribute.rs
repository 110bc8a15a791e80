//! The attribute says which events an implementation hears, in four ways.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser;

#[hookimpl(track_event, BanUser)]
fn beside_the_hook() {}

#[hookimpl(track_event, event = BanUser)]
fn as_an_option() {}

#[hookimpl(track_event, on = "ban-user")]
fn by_its_name() {}

#[hookimpl(track_event<BanUser>)]
fn in_angle_brackets() {}

fn main() {}
