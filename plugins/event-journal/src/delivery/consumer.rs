//! A consumer, as the engine keeps it: its saved value, the events that it has read ahead, and the lane that calls it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use event_core::plugin::Consumer;
use uuid::Uuid;

use crate::delivery::lane::{Lane, Progress};
use crate::delivery::value::Value;
use crate::journal::{Entry, Filter};

/// In how many calls of an event the process may die.
const MAX_CRASHES: u32 = 2;

pub(crate) struct Held {
    pub(crate) consumer: Consumer,
    pub(crate) key: String,
    pub(crate) filter: Filter,
    pub(crate) value: Value,
    pub(crate) version: u64,
    /// Whether the value has changed since it was saved.
    pub(crate) dirty: bool,
    pub(crate) lane: Arc<Lane>,
    pub(crate) state: State,
    /// Whether there may be events that weren't read.
    pub(crate) look: bool,
    /// Read and not called yet.
    pub(crate) ahead: VecDeque<Entry>,
    /// Everything up to here was read.
    pub(crate) read_upto: u64,
    /// Up to here, events may have been called by an owner that died: they are called one at a time.
    pub(crate) suspect_upto: u64,
    /// The same of dead letters that are delivered again.
    pub(crate) suspect_rearmed: BTreeSet<u64>,
    /// The position that was saved last.
    pub(crate) saved_position: u64,
    /// When it last delivered an event, gave one up, or had none.
    pub(crate) moved: DateTime<Utc>,
    pub(crate) stall_told: bool,
}

pub(crate) enum State {
    Idle,
    Running(Running),
    /// It goes on at this time.
    Waiting(DateTime<Utc>),
    /// It doesn't go on by itself, for this reason.
    Held(String),
    /// Another process delivers to it.
    Lost,
}

/// A lane that calls.
pub(crate) struct Running {
    pub(crate) progress: Arc<Progress>,
    /// The events that it has, by seq.
    pub(crate) ids: Vec<(u64, Option<Uuid>)>,
    /// A dead letter that is delivered again doesn't move the position.
    pub(crate) is_rearmed: bool,
    /// Whether the process may die of it.
    pub(crate) is_suspect: bool,
    /// Whether another process has taken the consumer over meanwhile.
    pub(crate) is_taken_over: bool,
}

impl Held {
    /// Whether another process delivers to it.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(&self.state, State::Lost)
            || matches!(&self.state, State::Running(running) if running.is_taken_over)
    }

    pub(crate) fn is_to_be_saved(&self) -> bool {
        self.dirty && !self.is_lost()
    }

    pub(crate) fn name(&self) -> &str {
        self.consumer.name()
    }

    /// Whether events came after those that it has read. An idle consumer has had none until now.
    pub(crate) fn look_again(&mut self, end: u64, now: DateTime<Utc>) -> bool {
        if self.look || self.read_upto >= end {
            return false;
        }
        self.look = true;
        if matches!(self.state, State::Idle) && self.ahead.is_empty() {
            self.moved = now;
            self.stall_told = false;
        }
        true
    }

    /// Whether the process has died too often in calls of this event.
    pub(crate) fn has_died_of(&self, seq: u64) -> bool {
        self.value.open.get(&seq).is_some_and(|open| open.crashes >= MAX_CRASHES)
    }

    /// A call that was counted as one in which the process dies has ended.
    pub(crate) fn has_survived(&mut self, seq: u64) {
        if let Some(open) = self.value.open.get_mut(&seq) {
            open.crashes = open.crashes.saturating_sub(1);
            self.dirty = true;
        }
    }

    /// Reads again what comes after the position.
    pub(crate) fn read_anew(&mut self) {
        self.ahead.clear();
        self.read_upto = self.value.position;
        self.look = true;
    }

    /// Takes over how far the lane has got.
    pub(crate) fn take_progress(&mut self, now: DateTime<Utc>) {
        let State::Running(running) = &self.state else { return };
        if running.is_rearmed {
            return;
        }
        let delivered = running.progress.delivered();
        if delivered > self.value.position {
            let done = running.ids.partition_point(|(seq, _)| *seq <= delivered);
            let before = running.ids.partition_point(|(seq, _)| *seq <= self.value.position);
            let id = running.ids[done - 1].1;
            self.value.delivered += (done - before) as u64;
            self.move_to(delivered, id, now);
        }
    }

    /// Everything up to this seq is handled, of which the last event has this id.
    pub(crate) fn move_to(&mut self, seq: u64, id: Option<Uuid>, now: DateTime<Utc>) {
        self.value.position = self.value.position.max(seq);
        (self.value.last_seq, self.value.last_id) = (seq, id);
        let rearmed = &self.value.rearmed;
        self.value.open.retain(|open, _| *open > seq || rearmed.contains(open));
        self.moved = now;
        self.stall_told = false;
        self.dirty = true;
    }
}
