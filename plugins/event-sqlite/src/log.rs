//! How the plugin says what no caller can be told.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::Write as _;

use event_core::plugin::escape_controls;

use crate::contain::contained;

/// One line on standard error.
pub(crate) fn log(line: fmt::Arguments<'_>) {
    // A closed standard error is no reason to fail, and there is nobody left to tell.
    let _ = std::io::stderr()
        .write_all(format!("event-sqlite: {}\n", escape_controls(&line.to_string())).as_bytes());
}

/// The error with its causes. It may be the application's: printing it may panic, and it may be its own cause.
pub(crate) fn line(error: &dyn Error) -> String {
    let mut line = text(error);
    let mut last = error;
    for _ in 0..MOST_CAUSES {
        let Ok(Some(cause)) = contained(|| last.source()) else { break };
        line.push_str(": ");
        line.push_str(&text(cause));
        last = cause;
    }
    escape_controls(&line).into_owned()
}

const MOST_CAUSES: usize = 32;

fn text(error: &dyn Error) -> String {
    let mut text = String::new();
    let written = contained(|| write!(text, "{error}"));
    if !matches!(written, Ok(Ok(()))) {
        text.push_str("(the rest of this error can't be printed)");
    }
    text
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
