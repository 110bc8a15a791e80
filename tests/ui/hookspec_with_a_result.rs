//! A hook returns a `Result`.

use event_core::prelude::*;

#[hookspec]
fn render(app: &App, item: &str) -> Result<String, std::fmt::Error>;

fn main() {}
