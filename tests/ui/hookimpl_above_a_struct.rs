//! `#[hookimpl]` is above a struct.

use event_core::prelude::*;

#[hookimpl]
struct Logger;

fn main() {}
