//! There are two commas between two plugins.

event_core::plugins![event_stderr,, house_rules];

fn main() {}
