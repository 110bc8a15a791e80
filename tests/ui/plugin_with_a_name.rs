//! The plugin is given a name.

event_core::plugin!("ban-user");

fn main() {}
