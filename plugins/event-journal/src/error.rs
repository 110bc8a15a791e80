//! Why this plugin can't start, hasn't ended in order, or can't read events.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

use event_core::plugin::{NamePatternError, error_lines};

use crate::journal;

/// The result of this plugin's methods.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why durable implementations can't be called, or weren't called to their end, or why events can't be read.
#[non_exhaustive]
pub enum Error {
    /// The section `[plugins.event-journal]` is invalid.
    Settings(event_core::Error),
    /// The plugins couldn't be asked for their journals.
    Ask(event_core::Error),
    /// A consumer is configured that the app doesn't have.
    UnknownConsumer {
        /// The configured name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A batch is configured for a consumer whose function takes one event.
    NoBatch {
        /// The consumer.
        name: String,
        /// Where its function is defined.
        location: &'static Location<'static>,
    },
    /// Several plugins have a journal, and none of them is chosen; or the chosen one has none.
    Choice {
        /// The plugin that the configuration names.
        wanted: Option<String>,
        /// The plugins that have a journal.
        found: Vec<&'static str>,
        /// Why the plugin that the configuration names has none, if it could have one.
        off: Option<String>,
    },
    /// The app keeps no events: no plugin has a journal that is switched on.
    NoStore {
        /// Why linked plugins that could have one have none.
        off: Vec<String>,
    },
    /// Events were asked for by a name that no event can have.
    NoName(NamePatternError),
    /// What is stored can't be read as the event that was asked for.
    Unreadable {
        /// Where the journal is.
        place: String,
        /// Its seq.
        seq: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// Some of what is stored can't be read as the events that were asked for at once.
    UnreadableEvents {
        /// Where the journal is.
        place: String,
        /// The seq of each.
        seqs: Vec<u64>,
        /// What is wrong with the first.
        reason: String,
    },
    /// There are durable implementations, and no plugin has a journal.
    NoJournal {
        /// The implementations, with their places.
        implementations: Vec<String>,
        /// Why linked plugins that could have one have none.
        off: Vec<String>,
    },
    /// A plugin couldn't open its journal.
    Open(event_core::Failure),
    /// The journal couldn't be read or written.
    Journal {
        /// Where it is.
        place: String,
        /// Why.
        cause: journal::Error,
    },
    /// What is saved of a consumer can't be read.
    Value {
        /// The consumer.
        consumer: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The journal isn't the one that a consumer's position is of.
    AnotherLog {
        /// The consumer.
        consumer: String,
        /// Where the journal is.
        place: String,
        /// What differs.
        reason: String,
    },
    /// The app ended while implementations ran.
    Abandoned {
        /// The consumers whose calls were abandoned.
        consumers: Vec<String>,
    },
    /// The engine has panicked. What it had saved is delivered from there at the next start.
    Panicked {
        /// The message of the panic.
        message: String,
    },
    /// The app has no journal: it has no durable implementation.
    NotRunning,
    /// The app was shut down in a process that was forked off the one in which it was started.
    Forked,
    /// The engine's thread couldn't be started.
    Thread(std::io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(_) => f.write_str("failed to read the settings of event-journal"),
            Self::Ask(_) => f.write_str("failed to ask the plugins for a journal"),
            Self::UnknownConsumer { name, known } if known.is_empty() => write!(
                f,
                "failed to configure the consumer `{name}`: the app has no durable implementation at all"
            ),
            Self::UnknownConsumer { name, known } => write!(
                f,
                "failed to configure the consumer `{name}`: the app has no such durable implementation; it has `{}`",
                known.join("`, `")
            ),
            Self::NoBatch { name, location } => write!(
                f,
                "failed to configure `batch` of the consumer `{name}`: its function at {}:{} takes one event in a call; write \
                 `durable(batch = 100)` and `events: &[&Tracked]` there, or leave the setting out",
                location.file(),
                location.line()
            ),
            Self::Choice { wanted: Some(wanted), off: Some(why), .. } => write!(
                f,
                "failed to open the journal of plugin `{wanted}`, which `plugins.event-journal.journal` names: {why}"
            ),
            Self::Choice { wanted: Some(wanted), found, .. } if found.is_empty() => write!(
                f,
                "failed to open the journal of plugin `{wanted}`, which `plugins.event-journal.journal` names: no plugin has \
                 one; link it, as with `event_core::plugins![event_sqlite];` in src/main.rs"
            ),
            Self::Choice { wanted: Some(wanted), found, .. } => write!(
                f,
                "failed to open the journal of plugin `{wanted}`, which `plugins.event-journal.journal` names: it has none; \
                 there are those of `{}`",
                found.join("`, `")
            ),
            Self::Choice { wanted: None, found, .. } => write!(
                f,
                "failed to choose a journal: the plugins `{}` have one each; name one, such as \
                 `plugins.event-journal.journal = \"{}\"`",
                found.join("`, `"),
                found[0]
            ),
            Self::NoJournal { implementations, off } => {
                let who = implementations.join(", ");
                write!(f, "failed to find a journal for the durable implementations {who}: ")?;
                match off.as_slice() {
                    [] => f.write_str(
                        "link a plugin that has one, with `event_core::plugins![event_sqlite];` in src/main.rs",
                    ),
                    off => f.write_str(&off.join("; ")),
                }
            }
            Self::NoStore { off } if off.is_empty() => f.write_str(NO_STORE),
            Self::NoStore { off } => write!(f, "failed to find the events of this app: {}", off.join("; ")),
            Self::NoName(mistake) => mistake.fmt(f),
            Self::Unreadable { place, seq, reason } => {
                write!(f, "failed to read the event with seq {seq} of {place}: {reason}")
            }
            Self::UnreadableEvents { place, seqs, reason } => unreadable_events(f, place, seqs, reason),
            Self::Open(_) => f.write_str("failed to open the journal"),
            Self::Journal { place, .. } => write!(f, "failed to use the journal {place}"),
            Self::Value { consumer, reason } => {
                write!(f, "failed to read what the journal has of the consumer `{consumer}`: {reason}")
            }
            Self::AnotherLog { consumer, place, reason } => write!(
                f,
                "failed to find the place of the consumer `{consumer}` in {place}: {reason}; if an older or another file was \
                 put there on purpose, give the implementation a new name with `durable(name = \"…\")`, or put the file back"
            ),
            Self::Abandoned { consumers } => write!(
                f,
                "failed to wait for calls that still run: they are abandoned and made again at the next start, of `{}`; allow more \
                 time with `plugins.event-journal.shutdown_ms`",
                consumers.join("`, `")
            ),
            Self::Panicked { message } => write!(
                f,
                "failed to deliver to the end: the engine has panicked ({message}), which is a fault of event-journal; what \
                 isn't delivered is delivered at the next start"
            ),
            Self::NotRunning => f.write_str("the app delivers nothing: it has no durable implementation"),
            Self::Forked => f.write_str(
                "failed to end the deliveries: this process was forked off the one in which the app was started, and has none of \
                 its threads; the other one goes on delivering",
            ),
            Self::Thread(_) => f.write_str("failed to start the thread that delivers"),
        }
    }
}

/// The output of a `main` that returns this: the message, and each cause on a line of its own.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&error_lines(self))
    }
}

const NO_STORE: &str = "failed to find the events of this app: it has no journal that is switched on; link a plugin that has one, with \
                        `event_core::plugins![event_sqlite];` in src/main.rs, or add its hooks, such as \
                        `.hook(event_sqlite::open_journal)`; event-sqlite has one if it keeps events \
                        (`.hook(event_sqlite::keep_event)`) or is told a file (`plugins.event-sqlite.store.path`), and isn't switched \
                        off (`enabled = false`)";

/// The first of them, if there are many.
fn unreadable_events(f: &mut fmt::Formatter<'_>, place: &str, seqs: &[u64], reason: &str) -> fmt::Result {
    const MOST: usize = 10;
    let some: Vec<_> = seqs.iter().take(MOST).map(ToString::to_string).collect();
    let rest = if seqs.len() > MOST { ", …" } else { "" };
    write!(
        f,
        "failed to read from {place}: {} events can't be read (seq {}{rest}); `.stream()` gives the others, and an error for each \
         of these; the first: {reason}",
        seqs.len(),
        some.join(", ")
    )
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Settings(error) | Self::Ask(error) => Some(error),
            Self::Open(failure) => Some(failure),
            Self::Journal { cause, .. } => Some(cause),
            Self::Thread(error) => Some(error),
            _ => None,
        }
    }
}
