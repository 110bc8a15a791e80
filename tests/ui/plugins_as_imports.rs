//! Plugins are named as `use` would import them.

event_core::plugins![use event_stderr, event_sqlite as store];

fn main() {}
