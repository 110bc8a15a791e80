//! A hook is `async`.

use event_core::prelude::*;

#[hookspec]
async fn prepare(app: &App);

fn main() {}
