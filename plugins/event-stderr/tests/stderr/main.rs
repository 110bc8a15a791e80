//! What arrives on standard error of a program that links the plugin.

mod child;
mod lines;
mod redaction;
mod settings;

event_core::plugins![event_stderr];
