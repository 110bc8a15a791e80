//! Plugins are named by paths.

event_core::plugins![::event_stderr, house_rules::plugin, crate::bans];

fn main() {}
