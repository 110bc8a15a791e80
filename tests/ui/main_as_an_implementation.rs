//! The program itself is made an implementation.

use event_core::prelude::*;

#[hookimpl(track_event)]
fn main() {}
