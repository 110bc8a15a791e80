//! A crate that is no plugin is named as one.

event_core::plugins![serde_json];

fn main() {}
