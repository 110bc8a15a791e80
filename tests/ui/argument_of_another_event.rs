//! The argument of a hook is an event of one type, and is taken as one of another.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser;

#[derive(Event)]
struct UnbanUser;

#[hookspec]
fn lift(app: &App, ban: &Tracked<BanUser>);

#[hookimpl(lift)]
fn unban(ban: &Tracked<UnbanUser>) {
    let _ = ban;
}

fn main() {}
