//! How the plugin says what no caller can be told.

use std::fmt;

pub(crate) use event_core::plugin::error_line as line;
use event_core::plugin::log_line;

/// One line on standard error.
pub(crate) fn log(line: fmt::Arguments<'_>) {
    log_line(env!("CARGO_PKG_NAME"), line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_that_no_terminal_obeys() {
        let error = std::io::Error::other("a\r\n\u{1b}[2J\u{9b}\u{2028}\u{202e}z");
        assert_eq!(line(&error), r"a\r\n\u001b[2J\u009b\u2028\u202ez");
    }
}
