//! What follows from a problem with an event: another try, a dead letter, or a wait for a person.

use std::time::Duration;

use chrono::{DateTime, Utc};
use event_core::Failure;
use event_core::plugin::{FailureClass, error_line};

use crate::delivery::pauses;
use crate::settings::Tries;

/// Why an event isn't delivered.
pub(crate) enum Problem {
    Failed(Failure),
    TimedOut(Duration),
    /// At the app's end.
    Abandoned,
    /// It can't be read as the type that the implementation takes.
    Undecodable(String),
    /// What reads it panicked.
    Panicked(String),
    /// The program knows an older version of it.
    Newer {
        found: u32,
        known: u32,
    },
    /// The implementation couldn't be called.
    NotCalled(String),
}

/// What the status of an event says whose call the app's end has cut off.
pub(crate) const ABANDONED: &str = "abandoned at the app's end";

/// What becomes of the event.
pub(crate) enum Next {
    Wait(Duration),
    Pause,
    Hold,
    Bury,
}

impl Next {
    /// After so many attempts, of which the first began at this time.
    pub(crate) fn after(
        problem: &Problem,
        tries: &Tries,
        attempts: u32,
        first: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Self {
        let gives_up = tries.max_attempts.is_some_and(|most| attempts >= most)
            || (now - first).to_std().is_ok_and(|time| time >= tries.give_up_after);
        match problem.class() {
            Class::Dead => Self::Bury,
            Class::Unknown if gives_up => Self::Bury,
            Class::Unknown => Self::Wait(pauses::after(attempts, pauses::LONGEST)),
            Class::Outage(delay) => {
                Self::Wait(delay.unwrap_or_else(|| pauses::after(attempts, pauses::LONGEST_OF_AN_OUTAGE)))
            }
            Class::Stop => Self::Pause,
            Class::Hold => Self::Hold,
        }
    }
}

enum Class {
    Unknown,
    Outage(Option<Duration>),
    Dead,
    Stop,
    Hold,
}

impl Problem {
    fn class(&self) -> Class {
        match self {
            Self::Failed(failure) => match FailureClass::of(failure) {
                FailureClass::Retry(delay) => Class::Outage(delay),
                FailureClass::Rejected => Class::Dead,
                FailureClass::Stop => Class::Stop,
                _ => Class::Unknown,
            },
            Self::TimedOut(_) | Self::Panicked(_) => Class::Unknown,
            Self::Undecodable(_) => Class::Dead,
            Self::Newer { .. } => Class::Hold,
            Self::NotCalled(_) | Self::Abandoned => Class::Outage(None),
        }
    }

    /// Whether another event might have succeeded.
    pub(crate) fn is_of_the_event(&self) -> bool {
        matches!(self.class(), Class::Unknown | Class::Dead)
    }

    /// Whether the implementation was called, and has done something unknown.
    pub(crate) fn was_called(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::TimedOut(_) | Self::Panicked(_))
    }

    pub(crate) fn to_line(&self) -> String {
        match self {
            // The causes alone: who failed is known where the text is shown.
            Self::Failed(failure) => error_line(failure.cause()),
            Self::TimedOut(timeout) => format!("the call took longer than {} s", timeout.as_secs()),
            Self::Abandoned => ABANDONED.to_owned(),
            Self::Panicked(message) => format!("panicked: {message}"),
            Self::Undecodable(reason) | Self::NotCalled(reason) => reason.clone(),
            Self::Newer { found, known } => format!(
                "the event has version {found}, and this program knows version {known}: it is delivered by a newer program"
            ),
        }
    }
}
