//! `#[hookimpl]` is given twice.

use event_core::prelude::*;

#[hookimpl(startup)]
#[hookimpl(shutdown)]
fn log() {}

fn main() {}
