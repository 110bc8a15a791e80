//! A consumer, as the engine keeps it: its saved value, the events that it has read ahead, and the lane that calls it.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use event_core::plugin::Consumer;
use uuid::Uuid;

use crate::delivery::lane::{Lane, Progress};
use crate::delivery::value::Value;
use crate::journal::{Entry, Filter};
use crate::settings::Tries;

pub(crate) struct Held {
    pub(crate) consumer: Consumer,
    pub(crate) tries: Tries,
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
}

impl Held {
    pub(crate) fn name(&self) -> &str {
        self.consumer.name()
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
