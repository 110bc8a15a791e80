//! One function is meant to answer two hooks.

use event_core::prelude::*;

#[hookimpl(startup, shutdown)]
fn log() {}

fn main() {}
