//! A crate says twice that it is a plugin.

event_core::plugin!();
event_core::plugin!();

fn main() {}
