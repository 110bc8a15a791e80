//! How a journal's methods fail.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use event_core::plugin::error_lines;

/// The result of a journal's methods.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a journal can't do what it was asked for.
#[derive(Clone)]
#[non_exhaustive]
pub enum Error {
    /// It can't be used now. Try again; whether a write happened isn't known.
    Unavailable(Cause),
    /// Another process has saved this key; nothing was written.
    Conflict,
    /// It will never take this event: it is too large, or not representable.
    Refused(Cause),
    /// It was trimmed: the oldest event that is left has this seq, and the wanted one came before.
    Gone {
        /// The seq of the oldest event.
        first: u64,
    },
    /// The app was shut down, and its journal with it.
    Closed,
    /// A person has to act: wrong credentials, a missing table.
    Broken(Cause),
}

/// The error of the database or the client that a journal is built on.
pub type Cause = Arc<dyn StdError + Send + Sync>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(_) => f.write_str("the journal can't be used now"),
            Self::Conflict => f.write_str("another process has saved this value"),
            Self::Refused(_) => f.write_str("the journal refuses this event"),
            Self::Gone { first } => {
                write!(f, "the events are gone from the journal: the oldest that is left is number {first}")
            }
            Self::Closed => f.write_str("the journal was closed when the app was shut down"),
            Self::Broken(_) => f.write_str("the journal can't be used until this is repaired"),
        }
    }
}

/// The output of a `main` that returns this: the message, and each cause on a line of its own.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&error_lines(self))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Unavailable(cause) | Self::Refused(cause) | Self::Broken(cause) => Some(&**cause),
            Self::Conflict | Self::Gone { .. } | Self::Closed => None,
        }
    }
}
