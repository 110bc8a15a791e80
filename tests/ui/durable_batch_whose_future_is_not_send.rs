//! A batch that is held together with what can't cross threads.

use std::rc::Rc;

use event_core::prelude::*;

#[hookimpl(track_event, durable(batch = 100))]
async fn tell_billing(events: &[&Tracked]) {
    let count = Rc::new(events.len());
    std::future::ready(()).await;
    drop(count);
}

fn main() {}
