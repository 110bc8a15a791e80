//! Every tracked event as one JSON line on standard error.
//!
//! ```standalone_crate
//! event_core::plugins![event_stderr];
//! # fn main() {}
//! ```
//!
//! A line has these keys, in this order; `created` is UTC to the microsecond, and `actor` is `null` where nobody
//! was named:
//!
//! ```json
//! {"id":"019aab2c-5a00-7000-8000-000000000001","name":"ban-user","created":"2026-11-22T11:57:54.619377Z","actor":{"id":"root"},"properties":{"user":"mallory"}}
//! ```
//!
//! An event is written when its turn comes in the call order, after the implementations that are `tryfirst` and
//! those of plugins whose names sort before `event-stderr`. An event that an `essential` implementation refuses, or
//! a wrapper stops, before that turn has no line.

mod line;

use std::io::{ErrorKind, Write};

use event_core::Tracked;
use event_core::prelude::*;

event_core::plugin!();

/// Writes the event in one locked write, so that lines of parallel threads never mix.
///
/// # Errors
/// When the properties can't be written as JSON, or standard error can't be written to. Where nobody reads it any
/// more (a closed pipe), there is nobody to miss the line, and that is no error.
#[hookimpl(track_event)]
fn write_to_stderr(event: &Tracked) -> event_core::Result<(), Error> {
    let line = line::of(event)?;
    match std::io::stderr().lock().write_all(&line) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Write(error)),
        _ => Ok(()),
    }
}

/// Why an event has no line.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The event's properties can't be written as JSON.
    Properties(event_core::PropertiesError),
    /// Standard error can't be written to.
    Write(std::io::Error),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Properties(error) => error.fmt(f),
            Self::Write(_) => f.write_str("standard error can't be written to"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Properties(error) => error.source(),
            Self::Write(error) => Some(error),
        }
    }
}

impl From<event_core::PropertiesError> for Error {
    fn from(error: event_core::PropertiesError) -> Self {
        Self::Properties(error)
    }
}
