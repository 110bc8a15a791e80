//! A plugin that is linked but whose `hooks.rs` isn't declared: the line `mod hooks;` is missing.

event_core::plugin!();
