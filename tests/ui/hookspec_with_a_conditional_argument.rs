//! A hook has an argument on some platforms only.

use event_core::prelude::*;

#[hookspec]
fn asked(app: &App, #[cfg(unix)] number: u8);

fn main() {}
