//! Which dead letters are meant.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::dead_letter::DeadLetter;

/// Dead letters of a consumer: all, or those for which everything holds that is said here.
///
/// ```
/// use event_journal::Letters;
///
/// let letters = Letters::all().event("order-placed").reason("timed out").per_second(50);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Letters {
    seq: Option<u64>,
    event: Option<String>,
    reason: Option<String>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    per_second: Option<u32>,
}

impl Letters {
    /// All of them.
    pub fn all() -> Self {
        Self::default()
    }

    pub(crate) fn one(seq: u64) -> Self {
        Self { seq: Some(seq), ..Self::default() }
    }

    pub(crate) fn is_one(&self) -> bool {
        self.seq.is_some()
    }

    /// Those of events of this name.
    #[must_use]
    pub fn event(mut self, name: impl Into<String>) -> Self {
        self.event = Some(name.into());
        self
    }

    /// Those whose reason has this text in it.
    #[must_use]
    pub fn reason(mut self, text: impl Into<String>) -> Self {
        self.reason = Some(text.into());
        self
    }

    /// Those that were given up then or later.
    #[must_use]
    pub fn since(mut self, time: DateTime<Utc>) -> Self {
        self.since = Some(time);
        self
    }

    /// Those that were given up before.
    #[must_use]
    pub fn until(mut self, time: DateTime<Utc>) -> Self {
        self.until = Some(time);
        self
    }

    /// So many in a second, at most. 0 is as many as there are.
    #[must_use]
    pub fn per_second(mut self, most: u32) -> Self {
        self.per_second = Some(most).filter(|most| *most > 0);
        self
    }

    pub(crate) fn rate(&self) -> Option<u32> {
        self.per_second
    }

    pub(crate) fn includes(&self, letter: &DeadLetter) -> bool {
        self.seq.is_none_or(|seq| letter.seq == seq)
            && self.event.as_ref().is_none_or(|event| letter.event_name == *event)
            && self.reason.as_ref().is_none_or(|reason| letter.reason.contains(reason))
            && self.since.is_none_or(|since| letter.died >= since)
            && self.until.is_none_or(|until| letter.died < until)
    }

    /// After which seq the search begins.
    pub(crate) fn after(&self) -> u64 {
        self.seq.map_or(0, |seq| seq.saturating_sub(1))
    }
}
