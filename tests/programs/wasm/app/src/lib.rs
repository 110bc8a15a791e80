//! Tracks an event in a world without a system: time and ids are given.

use std::sync::atomic::Ordering;

use event_core::App;
use wasm_events::Happened;
use wasm_plugin::Heard;

event_core::plugins![wasm_events, wasm_plugin];

/// How often the plugin heard that it happened.
pub fn heard(app: &App) -> event_core::Result<u32> {
    app.track(Happened { times: 7 }).wait()?;
    Ok(app.state::<Heard>()?.0.load(Ordering::Relaxed))
}

/// The same for JavaScript, which is no system: it gives neither the time nor random numbers here.
#[unsafe(no_mangle)]
pub extern "C" fn run() -> u32 {
    let app = App::builder()
        .clock(|| "2026-11-22T11:57:54Z".parse().expect("it is RFC 3339"))
        .ids(|| "019aab2c-5a00-7000-8000-000000000001".parse().expect("it is an id"))
        .start();
    app.wait().and_then(|app| heard(&app)).expect("the event is tracked")
}
