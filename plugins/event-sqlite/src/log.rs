//! How the plugin says what no caller can be told.

use std::error::Error;
use std::fmt;
use std::io::Write;

/// One line on standard error.
pub(crate) fn log(line: fmt::Arguments<'_>) {
    // A closed standard error is no reason to fail, and there is nobody left to tell.
    let _ = std::io::stderr().write_all(format!("event-sqlite: {line}\n").as_bytes());
}

/// The error with all its causes.
pub(crate) fn line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line.replace('\n', " ")
}
