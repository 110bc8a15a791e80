//! What is saved of a consumer.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::dead_letter::DeadLetter;
use crate::delivery::clock::shifted;

/// The format that this version writes.
const FORMAT: u32 = 1;

/// The saved state of a consumer. The process that saves it by compare-and-set owns the consumer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Value {
    pub(crate) format: u32,
    /// The process that delivers, and how often the owner has changed.
    pub(crate) owner: Uuid,
    pub(crate) epoch: u64,
    /// Whether that process has let it go, so that any can have it.
    #[serde(default)]
    pub(crate) released: bool,
    /// What was recorded as done in another one doesn't count: before it was made anew, or replayed.
    #[serde(default)]
    pub(crate) round: Uuid,
    /// The identity of the log that the seqs belong to.
    pub(crate) log: String,
    /// The names of the events that it hears, or `*`; `None` of a consumer of which that was never saved.
    #[serde(default)]
    pub(crate) names: Option<Vec<String>>,
    /// Every event up to here is delivered, dead or not meant for this consumer, except those in `rearmed`.
    pub(crate) position: u64,
    /// The id of the last event at or below the position that was handled.
    pub(crate) last_id: Option<Uuid>,
    /// The seq of that event.
    pub(crate) last_seq: u64,
    /// Every event up to here is delivered, dead or not meant for this consumer, except those in `open`.
    #[serde(default)]
    pub(crate) frontier: u64,
    /// Events above the frontier and up to here may have been called.
    pub(crate) scanned: u64,
    /// Events that have failed, and those that weren't done when a later one was.
    pub(crate) open: BTreeMap<u64, Open>,
    /// Dead letters that are about to be written.
    pub(crate) burying: Vec<DeadLetter>,
    /// Dead letters that are delivered again.
    pub(crate) rearmed: BTreeSet<u64>,
    /// Whether the last owner ended in order.
    pub(crate) clean: bool,
    /// Why it is paused, if it is.
    pub(crate) paused: Option<String>,
    pub(crate) delivered: u64,
    pub(crate) dead: u64,
}

/// An event that isn't delivered yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Open {
    /// How often it has failed.
    pub(crate) attempts: u32,
    /// How often the process died in its call.
    pub(crate) crashes: u32,
    pub(crate) first: DateTime<Utc>,
    /// When it is tried next, and when that was said: by the second, a clock that was set back is noticed.
    pub(crate) due: DateTime<Utc>,
    #[serde(default)]
    pub(crate) said: Option<DateTime<Utc>>,
    pub(crate) error: String,
}

impl Open {
    fn shift(&mut self, by: TimeDelta) {
        self.first = shifted(self.first, by);
        self.due = shifted(self.due, by);
        self.said = self.said.map(|said| shifted(said, by));
    }
}

impl Value {
    /// Of a new consumer that hears what comes after this place.
    pub(crate) fn new(log: String, position: u64, names: Vec<String>) -> Self {
        Self {
            format: FORMAT,
            owner: Uuid::nil(),
            epoch: 0,
            released: true,
            round: Uuid::new_v4(),
            log,
            names: Some(names),
            position,
            last_id: None,
            last_seq: 0,
            frontier: position,
            scanned: position,
            open: BTreeMap::new(),
            burying: Vec::new(),
            rearmed: BTreeSet::new(),
            clean: true,
            paused: None,
            delivered: 0,
            dead: 0,
        }
    }

    /// # Errors
    /// What is wrong with the text; for one of a newer version, that it is.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let format: Format = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if format.format > FORMAT {
            return Err(format!(
                "it has format {}, and this version of event-journal knows formats up to {FORMAT}: use a newer one",
                format.format
            ));
        }
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }

    /// The clock was set.
    pub(crate) fn shift(&mut self, by: TimeDelta) {
        for open in self.open.values_mut() {
            open.shift(by);
        }
    }

    /// Where the clock shows a time before the one at which something was said, it was set back.
    pub(crate) fn mend_times(&mut self, now: DateTime<Utc>) {
        for open in self.open.values_mut() {
            if let Some(said) = open.said.filter(|said| now < *said) {
                open.shift(now - said);
            }
        }
    }

    /// Whether an event isn't done. One above the frontier never is.
    pub(crate) fn is_open(&self, seq: u64) -> bool {
        seq > self.frontier.max(self.position) || self.open.contains_key(&seq)
    }

    /// Whether an event is to be delivered: it isn't done, or it is delivered again, and no dead letter of it is about to be written.
    pub(crate) fn awaits(&self, seq: u64) -> bool {
        let is_awaited = self.is_open(seq) || self.rearmed.contains(&seq);
        is_awaited && !self.burying.iter().any(|letter| letter.seq == seq)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("it is plain data")
    }
}

/// The key of a consumer's value.
pub(crate) fn key(consumer: &str) -> String {
    format!("consumer/{consumer}")
}
