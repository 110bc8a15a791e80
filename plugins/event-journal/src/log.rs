//! How the plugin says what no caller can be told.

use std::fmt;
use std::io::Write as _;

use event_core::plugin::escape_controls;

/// One line on standard error.
pub(crate) fn log(line: fmt::Arguments<'_>) {
    // A closed standard error is no reason to fail, and there is no other place to report to.
    let _ = std::io::stderr()
        .write_all(format!("event-journal: {}\n", escape_controls(&line.to_string())).as_bytes());
}
