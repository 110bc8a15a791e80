//! Plugins are named by their packages.

event_core::plugins![event-stderr, house-rules-2];

fn main() {}
