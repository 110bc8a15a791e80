//! An event in a crate that only others depend on.
#![forbid(unsafe_code)]

use event_core::prelude::*;

event_core::plugin!();

/// Something happened.
#[derive(Event)]
pub struct Happened {
    /// How often.
    pub times: u32,
}
