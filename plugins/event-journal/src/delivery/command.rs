//! What an application asks of the deliveries, and the answers.

use std::error::Error as StdError;
use std::fmt;

use chrono::{DateTime, Utc};
use futures_channel::oneshot;
use serde::Serialize;

use crate::journal;

/// How a consumer is doing. `Display` is one line of text; through serde it is JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConsumerStatus {
    /// The consumer, such as `shop::tell_billing`.
    pub name: String,
    /// Which process delivers to it.
    pub deliverer: Deliverer,
    /// Every event up to this seq is delivered, dead or not meant for it.
    pub position: u64,
    /// How many events wait, up to 100,000; `None` while the journal can't be read.
    pub backlog: Option<u64>,
    /// When the oldest of them happened.
    pub oldest: Option<DateTime<Utc>>,
    /// The seq of the event that is called now.
    pub calling: Option<u64>,
    /// When that call began.
    pub calling_since: Option<DateTime<Utc>>,
    /// How often the event has failed that holds the others up.
    pub attempts: u32,
    /// What its last attempt said.
    pub last_error: Option<String>,
    /// When it is tried next.
    pub next_attempt: Option<DateTime<Utc>>,
    /// Why nothing is delivered until a person acts.
    pub paused: Option<String>,
    /// How many events were delivered, since the consumer is known.
    pub delivered: u64,
    /// How many became dead letters.
    pub dead: u64,
    /// Of a consumer with a `key`: how many events had none since the start. They are one lane.
    pub without_key: u64,
}

/// Which process delivers to a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Deliverer {
    /// The one that was asked.
    ThisProcess,
    /// Another one, or one that has died less than a lease ago.
    AnotherProcess,
    /// None, because there is nothing to do.
    None,
}

impl fmt::Display for ConsumerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, position, backlog, delivered, dead, .. } = self;
        let backlog = backlog.map_or("?".to_owned(), |backlog| backlog.to_string());
        write!(f, "{name}: position {position}, {backlog} waiting, {delivered} delivered, {dead} dead")?;
        if let Some(reason) = &self.paused {
            write!(f, "; paused: {reason}")?;
        } else if let Some(error) = &self.last_error {
            write!(f, "; {} attempts: {error}", self.attempts)?;
        }
        if self.deliverer == Deliverer::AnotherProcess {
            write!(f, "; another process delivers to it")?;
        }
        if self.without_key > 0 {
            write!(f, "; {} events without a key", self.without_key)?;
        }
        Ok(())
    }
}

/// Why the deliveries don't do what they were asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Refused {
    /// The app has no consumer of this name.
    UnknownConsumer {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
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

impl StdError for Refused {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Journal(error) => Some(error),
            _ => None,
        }
    }
}

pub(crate) struct Request {
    pub(crate) command: Command,
    pub(crate) sender: AnswerSender,
}

pub(crate) enum Command {
    Settle,
    List,
    Pause(String),
    Resume(String),
    DeliverNow(String),
    Retry(String, u64),
    Drop(String, u64),
}

pub(crate) enum AnswerSender {
    Done(oneshot::Sender<Result<(), Refused>>),
    List(oneshot::Sender<Result<Vec<ConsumerStatus>, Refused>>),
}

impl AnswerSender {
    pub(crate) fn into_done(self) -> oneshot::Sender<Result<(), Refused>> {
        match self {
            Self::Done(sender) => sender,
            Self::List(_) => unreachable!("only a list is answered with one"),
        }
    }

    pub(crate) fn done(self, done: Result<(), Refused>) {
        let _ = self.into_done().send(done);
    }

    pub(crate) fn list(self, list: Vec<ConsumerStatus>) {
        if let Self::List(sender) = self {
            let _ = sender.send(Ok(list));
        }
    }

    pub(crate) fn refuse(self) {
        match self {
            Self::Done(sender) => drop(sender.send(Err(Refused::Stopped))),
            Self::List(sender) => drop(sender.send(Err(Refused::Stopped))),
        }
    }
}
