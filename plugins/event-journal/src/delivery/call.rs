//! A call that runs: since when, until when, and how it is dropped.

use std::task::{Context, Poll, Waker};

use chrono::{DateTime, TimeDelta, Utc};

use crate::delivery::clock::shifted;

/// Why the future of a call is dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum GivenUp {
    TimedOut,
    /// At the app's end.
    Abandoned,
}

pub(crate) struct Call {
    seq: u64,
    /// Those of the other events of the batch.
    others: Vec<u64>,
    began: DateTime<Utc>,
    /// When it has taken too long.
    deadline: Option<DateTime<Utc>>,
    kind: Kind,
    is_given_up: bool,
}

enum Kind {
    /// It can't be dropped.
    Plain,
    Async {
        why: Option<GivenUp>,
        waker: Option<Waker>,
    },
}

impl Call {
    pub(crate) fn new(
        (seq, others): (u64, Vec<u64>),
        began: DateTime<Utc>,
        deadline: Option<DateTime<Utc>>,
        is_async: bool,
    ) -> Self {
        let kind = if is_async { Kind::Async { why: None, waker: None } } else { Kind::Plain };
        Self { seq, others, began, deadline, kind, is_given_up: false }
    }

    /// Whether it has this event.
    pub(crate) fn is_of(&self, seq: u64) -> bool {
        self.seq == seq || self.others.contains(&seq)
    }

    /// The seq of the first event, and when the call began.
    pub(crate) fn began(&self) -> (u64, DateTime<Utc>) {
        (self.seq, self.began)
    }

    pub(crate) fn deadline(&self) -> Option<DateTime<Utc>> {
        self.deadline.filter(|_| !self.is_given_up)
    }

    /// The clock was set.
    pub(crate) fn shift(&mut self, by: TimeDelta) {
        self.began = shifted(self.began, by);
        self.deadline = self.deadline.map(|deadline| shifted(deadline, by));
    }

    pub(crate) fn is_late(&self, now: DateTime<Utc>) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    /// Gives whom to wake so that the future is dropped.
    ///
    /// # Errors
    /// What a plain function is at, which goes on.
    pub(crate) fn give_up(&mut self, reason: GivenUp) -> Result<Option<Waker>, (u64, DateTime<Utc>)> {
        self.is_given_up = true;
        match &mut self.kind {
            Kind::Plain => Err((self.seq, self.began)),
            Kind::Async { why, waker } => {
                *why = Some(reason);
                Ok(waker.take())
            }
        }
    }

    pub(crate) fn poll_given_up(&mut self, context: &Context<'_>) -> Poll<GivenUp> {
        match &mut self.kind {
            Kind::Async { why: Some(why), .. } => Poll::Ready(*why),
            Kind::Async { waker, .. } => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
            Kind::Plain => Poll::Pending,
        }
    }
}
