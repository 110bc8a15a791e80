//! What is asked of the deliveries: by the application of its own engine, and by an operator of the process that delivers.

use std::error::Error as StdError;
use std::fmt;

use chrono::{DateTime, Utc};
use event_core::plugin::error_lines;
use futures_channel::oneshot;
use serde::{Deserialize, Serialize};

use crate::delivery::letters::Letters;
use crate::delivery::status::ConsumerStatus;
use crate::journal;

/// Why the deliveries don't do what they were asked for.
#[derive(Clone)]
#[non_exhaustive]
pub enum Refused {
    /// The app has no consumer of this name.
    UnknownConsumer {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The app has this consumer, so that it would be made anew at the next start: remove the implementation first.
    InUse {
        /// The consumer.
        name: String,
    },
    /// The event isn't one that waits: it is delivered, dead, called at the moment, or not read yet.
    NotWaiting {
        /// The event's place.
        seq: u64,
    },
    /// The process that delivers has refused it, with these words.
    ByOwner(String),
    /// Nothing delivers to the consumer now. What was asked for is saved, and done by the next process that delivers.
    Later,
    /// The journal couldn't be read or written.
    Journal(journal::Error),
    /// The app has no durable implementation, or hasn't started.
    NotRunning,
    /// The app is shut down.
    Stopped,
    /// This process was forked off the one in which the app was started, and has none of its threads.
    Forked,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownConsumer { name, known } => {
                write!(f, "there is no consumer `{name}`; the app has `{}`", known.join("`, `"))
            }
            Self::InUse { name } => write!(
                f,
                "`{name}` is a durable implementation of this program, and would be made anew at its next start: remove the function \
                 first, or pause it"
            ),
            Self::NotWaiting { seq } => write!(
                f,
                "event {seq} doesn't wait: it is delivered, a dead letter, called at the moment, or not read yet"
            ),
            Self::ByOwner(reason) => f.write_str(reason),
            Self::Later => f.write_str(
                "no process delivers to the consumer now; what was asked for is saved, and done by the next one that does",
            ),
            Self::Journal(_) => f.write_str("failed to use the journal"),
            Self::NotRunning => f.write_str(
                "nothing is delivered: the app has no durable implementation, or its start hasn't ended",
            ),
            Self::Stopped => f.write_str("nothing is delivered any more: the app is shut down"),
            Self::Forked => f.write_str(
                "the deliveries can't be used here: this process was forked off the one in which the app was started, and has \
                 none of its threads; start the app in the child",
            ),
        }
    }
}

/// The output of a `main` that returns this: the message, and each cause on a line of its own.
impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&error_lines(self))
    }
}

impl StdError for Refused {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Journal(error) => Some(error),
            _ => None,
        }
    }
}

/// Where an answer goes.
pub(crate) type Sender<T> = oneshot::Sender<Result<T, Refused>>;

/// What the application asks its own engine for.
pub(crate) enum Request {
    Settle(Sender<()>),
    List(Sender<Vec<ConsumerStatus>>),
    DeliverNow(String, Sender<()>),
    /// Of the process that delivers to this consumer. The answer is to how many dead letters or events it was done.
    Command(String, Command, Sender<u64>),
    /// That this program's implementation is the right one, if it hears less than another's did.
    Adopt(String, Sender<()>),
    /// Of a consumer that no program has any more.
    Remove(String, Sender<()>),
}

impl Request {
    /// The engine ends.
    pub(crate) fn refuse(self) {
        match self {
            Self::Settle(sender)
            | Self::DeliverNow(_, sender)
            | Self::Adopt(_, sender)
            | Self::Remove(_, sender) => {
                drop(sender.send(Err(Refused::Stopped)));
            }
            Self::List(sender) => drop(sender.send(Err(Refused::Stopped))),
            Self::Command(_, _, sender) => drop(sender.send(Err(Refused::Stopped))),
        }
    }
}

/// What the process that delivers to a consumer is to do. Another process saves it in the journal, and never the consumer's value,
/// which would look like another owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Command {
    Pause(String),
    Resume,
    /// Delivers these dead letters again.
    Retry(Letters),
    /// Removes these dead letters.
    Drop(Letters),
    /// Delivers what comes after this place, again or for the first time.
    Replay {
        after: u64,
    },
    /// Makes an event that waits a dead letter, for this reason.
    Skip {
        seq: u64,
        reason: String,
    },
}

impl Command {
    /// Whether it is done bit by bit.
    pub(crate) fn takes_long(&self) -> bool {
        matches!(self, Self::Retry(letters) | Self::Drop(letters) if !letters.is_one())
    }
}

/// A command in the journal, and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SavedCommand {
    pub(crate) command: Command,
    /// When it was given; answered, when that was.
    pub(crate) at: DateTime<Utc>,
    pub(crate) answer: Option<Result<u64, String>>,
    /// To how many letters it was done, and up to which.
    #[serde(default)]
    pub(crate) count: u64,
    #[serde(default)]
    pub(crate) after: u64,
}

/// The key of a consumer's commands, or of one of them.
pub(crate) fn key(consumer: &str, id: &str) -> String {
    format!("command/{consumer}/{id}")
}

/// The consumer that a key is about.
pub(crate) fn consumer_of(key: &str) -> Option<&str> {
    key.strip_prefix("command/")?.rsplit_once('/').map(|(consumer, _)| consumer)
}
