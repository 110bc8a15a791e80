//! What an app does, as a user of the public API sees it.
//!
//! Every app here is put together by hand (`without_linked`): no test depends on what else is linked.

mod app;
mod arguments;
mod asked;
mod call_depth;
mod closures;
mod config;
mod config_types;
mod debug;
mod depth;
mod describe;
mod failures;
mod follow_ups;
mod foreign_errors;
mod generic;
mod hooks;
mod hostile;
mod late;
mod lines;
mod log;
mod mistakes;
mod order;
mod prelude;
mod prepared;
mod properties;
mod runtimes;
mod scope;
mod stopping;
mod times;
mod tracked;
mod watching;
mod would_block;
mod wrappers;
