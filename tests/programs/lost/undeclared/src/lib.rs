//! A plugin that is linked but whose `hooks.rs` nobody declared: the line `mod hooks;` is missing.

event_core::plugin!();
