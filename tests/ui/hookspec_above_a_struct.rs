//! `#[hookspec]` is above a struct.

use event_core::prelude::*;

#[hookspec]
struct PermissionAllowed;

fn main() {}
