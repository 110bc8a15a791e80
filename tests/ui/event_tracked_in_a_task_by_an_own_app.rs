//! A task tracks with an app that the function owns.

use event_core::prelude::*;

#[derive(Event)]
struct Login;

fn spawn(_: impl Future<Output = event_core::Result<Receipt>> + Send + 'static) {}

fn log_in(app: App) {
    spawn(app.track(Login));
}

fn main() {}
