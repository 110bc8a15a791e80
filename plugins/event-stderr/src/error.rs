//! Why an event has no line, or an app doesn't start.

use std::fmt;

use event_core::plugin::error_lines;

/// Why an event has no line, or an app doesn't start. A redaction failure contains no value of the event.
#[non_exhaustive]
pub enum Error {
    /// The event's properties can't be written as JSON.
    Properties(event_core::error::PropertiesError),
    /// A path of `redact` can't be followed in the event's properties, so the event isn't written.
    Redact {
        /// The path.
        path: String,
        /// Why it can't be followed.
        why: String,
    },
    /// Standard error can't be written to.
    Write(std::io::Error),
    /// When the app starts: the section `[plugins.event-stderr]` is invalid.
    Settings(event_core::Error),
    /// When the app starts: a path of `redact` is limited to events that this app doesn't know, so what it should
    /// protect would be written.
    NoSuchEvent {
        /// The place of the path in the list.
        index: usize,
        /// The events, as they are written in the path.
        pattern: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Properties(error) => error.fmt(f),
            Self::Redact { path, why } => {
                write!(f, "failed to redact `{path}`, so the event isn't written: {why}")
            }
            Self::Write(_) => f.write_str("failed to write to standard error"),
            Self::Settings(error) => error.fmt(f),
            Self::NoSuchEvent { index, pattern } => {
                write!(
                    f,
                    "invalid configuration: `plugins.event-stderr.redact[{index}]`: this app knows no event `{pattern}`"
                )
            }
        }
    }
}

/// The output of a `main` that returns this: the message, and each cause on a line of its own.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&error_lines(self))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Properties(error) => error.source(),
            Self::Write(error) => Some(error),
            Self::Settings(error) => error.source(),
            Self::Redact { .. } | Self::NoSuchEvent { .. } => None,
        }
    }
}

impl From<event_core::error::PropertiesError> for Error {
    fn from(error: event_core::error::PropertiesError) -> Self {
        Self::Properties(error)
    }
}
