//! How the plugin says what no caller can be told.

use std::fmt;

use event_core::plugin::log_line;

/// One line on standard error.
pub(crate) fn log(line: fmt::Arguments<'_>) {
    log_line(env!("CARGO_PKG_NAME"), line);
}
