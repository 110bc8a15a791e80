//! A plugin is named that is no dependency.

event_core::plugins![event_mail];

fn main() {}
