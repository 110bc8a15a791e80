//! An implementation in a crate of which the program names nothing but the plugin.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU32, Ordering};

use event_core::prelude::*;
use wasm_events::Happened;

event_core::plugin!();

/// What was heard so far.
#[derive(Default)]
pub struct Heard(pub AtomicU32);

#[hookimpl]
fn startup(app: &App) -> event_core::Result<()> {
    app.insert(Heard::default())
}

#[hookimpl(track_event)]
async fn hear(app: &App, event: &Happened) -> event_core::Result<()> {
    app.state::<Heard>()?.0.fetch_add(event.times, Ordering::Relaxed);
    Ok(())
}
