//! What stands in the list of plugins is no name.

event_core::plugins![&event_stderr, 1, crate, (house_rules)];

fn main() {}
