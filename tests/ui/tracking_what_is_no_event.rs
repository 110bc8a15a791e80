//! Something is tracked that is no event.

use event_core::prelude::*;

struct BanUser;

fn ban(app: &App) -> event_core::Result<()> {
    app.track(BanUser).by("root").wait()?.strict()?;
    Ok(())
}

fn main() {}
