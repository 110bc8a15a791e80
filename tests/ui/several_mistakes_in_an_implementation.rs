//! Every mistake in an implementation is reported.

use event_core::prelude::*;

#[hookimpl(tryfrist, priority = 1, tryfirst, trylast)]
fn track_event<T>((event, item): (&Tracked, T)) {
    drop((event.name(), item));
}

fn main() {}
