//! An implementation has a `where` clause.

use event_core::prelude::*;

#[hookimpl(track_event)]
fn ban(event: &Tracked)
where
    u8: Copy,
{
    println!("{}", event.name());
}

fn main() {}
