//! Plugins are named by texts.

event_core::plugins!["event-stderr", "house_rules"];

fn main() {}
