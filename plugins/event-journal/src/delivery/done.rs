//! Events that an implementation has recorded as done, in a transaction of its own in the journal's database.
//!
//! The value `done/NAME` holds the events that were recorded, without those that the consumer's value knows to be done. An
//! implementation writes it, in the transaction of its effect, and never the consumer's value, which would fence the owner. It does so
//! only while the consumer's value, in the same transaction, has the owner and the epoch of its delivery. So after a claim, nothing
//! that was called before it can be recorded any more, and what the value holds then is all there is.

use std::collections::BTreeSet;
use std::fmt;

use event_core::durable::Delivery;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::delivery::engine::Engine;
use crate::delivery::saving::wait;
use crate::delivery::tombstone::Tombstone;
use crate::delivery::value::{self, Value};
use crate::journal;

pub(crate) fn key(consumer: &str) -> String {
    format!("done/{consumer}")
}

/// What was recorded.
#[derive(Default, Serialize, Deserialize)]
struct Recorded {
    /// That of the consumer's value.
    round: Uuid,
    seqs: BTreeSet<u64>,
}

impl Recorded {
    /// Of this round. What can't be read is of another program, and can't be of this round.
    fn read(bytes: Option<Vec<u8>>, round: Uuid) -> Self {
        let read = bytes.and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        read.filter(|read| read.round == round).unwrap_or(Self { round, seqs: BTreeSet::new() })
    }

    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("it is plain data")
    }
}

/// Records that a delivery is done, in the transaction of its effect: for a plugin whose journal is in a database.
///
/// `load` gives a value of the journal, by its key, as this transaction sees it. The result is a key, and what the plugin saves under it
/// in the same transaction, whatever was there.
///
/// # Errors
/// The plugin's own, and a [`DoneError`] where the delivery can't be recorded. The transaction has to be rolled back then.
pub fn record_done<E: From<DoneError>>(
    delivery: &Delivery,
    mut load: impl FnMut(&str) -> Result<Option<Vec<u8>>, E>,
) -> Result<(String, Vec<u8>), E> {
    let consumer = delivery.consumer();
    let refused = |why| E::from(DoneError { consumer: consumer.to_owned(), seq: delivery.place(), why });
    if delivery.place() == 0 {
        return Err(refused(Why::NotOneEvent));
    }
    let bytes = load(&value::key(consumer))?.ok_or_else(|| refused(Why::AnotherJournal))?;
    let value = Value::read(&bytes).map_err(|reason| {
        refused(if Tombstone::read(&bytes).is_some() { Why::Fenced } else { Why::Unreadable(reason) })
    })?;
    let is_its_owners = (value.owner, value.epoch) == (delivery.owner(), delivery.epoch());
    if !is_its_owners || value.released {
        return Err(refused(Why::Fenced));
    }
    let key = key(consumer);
    let mut recorded = Recorded::read(load(&key)?, value.round);
    recorded.seqs.retain(|seq| value.awaits(*seq));
    if !value.awaits(delivery.place()) || !recorded.seqs.insert(delivery.place()) {
        return Err(refused(Why::AlreadyDone));
    }
    Ok((key, recorded.to_bytes()))
}

/// Why it can't be recorded in a transaction that a delivery is done. The transaction of its effect is rolled back.
#[derive(Clone, Debug)]
pub struct DoneError {
    consumer: String,
    seq: u64,
    why: Why,
}

#[derive(Clone, Debug)]
enum Why {
    Fenced,
    AlreadyDone,
    NotOneEvent,
    AnotherJournal,
    Unreadable(String),
}

impl DoneError {
    /// Whether the consumer has another owner now, or none: this process was stopped for longer than its lease, or the call was given
    /// up. The owner delivers the event.
    pub fn is_fenced(&self) -> bool {
        matches!(self.why, Why::Fenced)
    }

    /// Whether the event is done, by another call that was recorded, or a dead letter. An implementation that returns the error isn't called again
    /// for it.
    pub fn is_done_already(&self) -> bool {
        matches!(self.why, Why::AlreadyDone)
    }
}

impl fmt::Display for DoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { consumer, seq, why } = self;
        write!(f, "failed to record that `{consumer}` has got event {seq}: ")?;
        match why {
            Why::Fenced => f.write_str("the consumer has another owner now, which delivers the event"),
            Why::AlreadyDone => {
                f.write_str("it is done or given up already; return this error, and it isn't called again")
            }
            Why::NotOneEvent => f.write_str(
                "the delivery isn't of one event of a journal; take each event by itself, without `batch`",
            ),
            Why::AnotherJournal => f.write_str(
                "this database has no such consumer; use the one from whose store the event is delivered",
            ),
            Why::Unreadable(reason) => write!(f, "the consumer's value can't be read: {reason}"),
        }
    }
}

impl std::error::Error for DoneError {}

impl Engine {
    /// What the owners before have recorded as done isn't called again.
    pub(super) fn take_recorded(&mut self, place: usize) -> journal::Result<()> {
        if self.consumers[place].recorded.is_some() {
            return Ok(());
        }
        let recorded = self.recorded(place)?;
        let now = self.clock.now();
        let held = &mut self.consumers[place];
        let (again, others): (BTreeSet<_>, _) =
            recorded.seqs.into_iter().partition(|seq| held.value.rearmed.contains(seq));
        for seq in again {
            held.done(seq, now);
            held.value.delivered += 1;
        }
        held.recorded = Some(others);
        Ok(())
    }

    /// Whether an implementation has recorded that this event is done.
    pub(super) fn is_recorded(&self, place: usize, seq: u64) -> journal::Result<bool> {
        Ok(self.recorded(place)?.seqs.contains(&seq))
    }

    fn recorded(&self, place: usize) -> journal::Result<Recorded> {
        let held = &self.consumers[place];
        let key = key(held.name());
        let saved = wait(|| self.journal.load(&key))?;
        Ok(Recorded::read(saved.map(|saved| saved.value), held.value.round))
    }
}
