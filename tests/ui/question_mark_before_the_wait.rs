//! A call is neither awaited nor waited for, and its error is asked for.

use event_core::prelude::*;

#[derive(Event)]
struct Login;

fn log_in(app: &App) -> event_core::Result<()> {
    app.track(Login)?;
    Ok(())
}

fn main() {}
