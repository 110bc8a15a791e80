//! Options of `durable` beside it, instead of in its parentheses.

use event_core::prelude::*;

#[hookimpl(track_event, durable, name = "tell")]
fn named() {}

#[hookimpl(track_event, durable(name = "again"), max_attempts = 3, give_up_after = "1h")]
fn limited() {}

#[hookimpl(track_event, durable, from)]
fn from_where() {}

#[hookimpl(track_event, durable, key = "order", unordered)]
fn in_lanes() {}

#[hookimpl(track_event, timeout_s = 30)]
async fn not_durable() {}

fn main() {}
