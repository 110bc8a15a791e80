//! There is no comma between two plugins.

event_core::plugins![event_stderr house_rules];

fn main() {}
