//! How the plugin says what no caller can be told.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::Write as _;

use crate::contain::contained;

/// One line on standard error.
pub(crate) fn log(line: fmt::Arguments<'_>) {
    // A closed standard error is no reason to fail, and there is nobody left to tell.
    let _ = std::io::stderr().write_all(format!("event-sqlite: {line}\n").as_bytes());
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
    line.replace('\n', " ")
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
