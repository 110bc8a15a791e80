//! A consumer, as the engine keeps it: its saved value, the events that it has read and that aren't done, and the lanes in
//! which they are called.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use event_core::plugin::{Consumer, Order};
use uuid::Uuid;

use crate::delivery::jobs::{Job, LaneKey};
use crate::delivery::lanes::Lanes;
use crate::delivery::leases::{IDLE, Moment};
use crate::delivery::order;
use crate::delivery::tombstone::Tombstone;
use crate::delivery::value::{Open, Value};
use crate::delivery::window::Window;
use crate::delivery::worker::Caller;
use crate::journal::{Entry, Filter, Page};

/// The name of all events.
const ALL: &str = "*";
/// In how many calls of an event the process may die.
const MAX_CRASHES: u32 = 2;

pub(crate) struct Held {
    pub(crate) consumer: Consumer,
    pub(crate) key: String,
    pub(crate) filter: Filter,
    pub(crate) value: Value,
    pub(crate) version: u64,
    /// If it isn't there under this name any more, and the value is only that of a new one.
    pub(crate) tombstone: Option<Tombstone>,
    /// Whether the value has changed since it was saved.
    pub(crate) dirty: bool,
    /// The position that was saved last.
    pub(crate) saved_position: u64,
    pub(crate) state: State,
    pub(crate) lease: Lease,
    pub(crate) caller: Arc<Caller>,
    pub(crate) lanes: Arc<Lanes>,
    /// Whether there may be events that weren't read.
    pub(crate) look: bool,
    /// Everything up to here was read.
    pub(crate) read_upto: u64,
    /// What was read and isn't done.
    pub(crate) window: Window,
    /// Of those, the ones that aren't in a lane yet.
    pub(crate) ahead: VecDeque<Entry>,
    /// Events in lanes that have failed, and wait for their next try.
    pub(crate) failed: BTreeMap<u64, LaneKey>,
    /// Dead letters that are delivered again, and are in a lane.
    pub(crate) rearmed: BTreeSet<u64>,
    /// Dead letters that are delivered again, and may not be removed yet.
    pub(crate) letters_of_rearmed: BTreeSet<u64>,
    /// Events that an owner before has recorded as done, and that weren't read yet; `None` before that was asked for.
    pub(crate) recorded: Option<BTreeSet<u64>>,
    /// Up to here, events may have been called by an owner that died: they are called one at a time.
    pub(crate) suspect_upto: u64,
    /// The same of dead letters that are delivered again.
    pub(crate) suspect_rearmed: BTreeSet<u64>,
    /// The one of those events that is called.
    pub(crate) suspect_called: Option<u64>,
    /// How many events without a key it has read.
    pub(crate) without_key: u64,
    /// When it last delivered an event, gave one up, or had none.
    pub(crate) moved: DateTime<Utc>,
    pub(crate) stall_told: bool,
}

pub(crate) enum State {
    Active,
    /// The journal couldn't be used; it goes on at this time.
    Waiting(DateTime<Utc>),
    /// It doesn't go on by itself, for this reason.
    Held(String),
}

/// Which process delivers to a consumer, and since when that is known.
pub(crate) struct Lease {
    pub(crate) ownership: Ownership,
    /// Whether a save has shown that this process is the owner.
    pub(crate) is_established: bool,
    /// Whether it was paused when this process started, which ends the pause.
    pub(crate) ends_pause: bool,
    /// When it was saved last, and when it had something to do last.
    pub(crate) saved_at: Moment,
    pub(crate) busy_at: Moment,
}

/// Which process delivers to a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ownership {
    /// This one.
    Ours,
    /// None. The next save makes it this one.
    Free,
    /// Another one, whose last save is known since then.
    Theirs { since: Moment },
}

/// The names of the events that a consumer hears in this program, or `*`.
pub(crate) fn names(consumer: &Consumer) -> Vec<String> {
    let names = consumer.event_names();
    names.map_or(vec![ALL.to_owned()], |names| names.into_iter().map(str::to_owned).collect())
}

impl Held {
    pub(crate) fn name(&self) -> &str {
        self.consumer.name()
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.lease.ownership == Ownership::Ours
    }

    /// Whether another process delivers to it, or under another name.
    pub(crate) fn is_theirs(&self) -> bool {
        self.tombstone.is_some() || matches!(self.lease.ownership, Ownership::Theirs { .. })
    }

    /// Whether it has had nothing to do for a while, and no other process would have.
    pub(crate) fn is_idle(&self, now: Moment) -> bool {
        let is_quiet = self.ahead.is_empty() && self.value.burying.is_empty() && self.lanes.is_quiet();
        self.is_ours() && is_quiet && !self.has_suspects() && now >= self.lease.busy_at + IDLE
    }

    fn names(&self) -> Vec<String> {
        names(&self.consumer)
    }

    /// Where the journal says that it has another name now, or hears an event that it doesn't in this program, that is an older
    /// one, and mustn't pass the event by: why it stands by.
    pub(crate) fn why_not_this_program(&self) -> Option<String> {
        if let Some(tombstone) = &self.tombstone {
            return Some(tombstone.reason(self.name()));
        }
        let names = self.names();
        if names.iter().any(|name| name == ALL) {
            return None;
        }
        let missing = self.value.names.iter().flatten().find(|name| !names.contains(name))?;
        let missing = if missing == ALL { "every event".to_owned() } else { format!("event `{missing}`") };
        Some(format!(
            "in the journal it hears {missing}, and in this program it doesn't: a newer program delivers to it; if this one is right, \
             `deliveries().adopt(\"{}\")` makes it so",
            self.name()
        ))
    }

    /// What it hears in this program is right.
    pub(crate) fn adopt(&mut self) {
        self.value.names = Some(self.names());
        self.dirty = true;
    }

    /// Whether the journal doesn't know yet what it hears in this program.
    pub(crate) fn hears_more(&self) -> bool {
        self.value.names.as_ref() != Some(&self.names())
    }

    /// This process delivers to it, once that is saved.
    pub(crate) fn claim(&mut self, owner: Uuid) {
        if !self.value.clean || !self.value.released {
            self.recorded = None;
        }
        if !self.value.clean {
            self.suspect_upto = self.value.scanned;
            self.suspect_rearmed.clone_from(&self.value.rearmed);
        }
        (self.value.owner, self.value.released, self.value.clean) = (owner, false, false);
        self.value.epoch += 1;
        self.value.names = Some(self.names());
        self.value.frontier = self.value.frontier.max(self.value.position);
        self.lease.ownership = Ownership::Ours;
        self.dirty = true;
        if std::mem::take(&mut self.lease.ends_pause) {
            self.set_paused(None);
        }
    }

    pub(crate) fn is_to_be_saved(&self) -> bool {
        self.dirty && !self.is_theirs()
    }

    /// Whether it may begin calls.
    pub(crate) fn may_call(&self) -> bool {
        let is_free_for_it = self.caller.tries.deliver && !self.is_theirs();
        is_free_for_it && matches!(self.state, State::Active) && self.value.paused.is_none()
    }

    /// Lets the workers begin no call while it is paused or held.
    pub(crate) fn set(&mut self, state: State) {
        self.state = state;
        self.pause_workers();
    }

    pub(crate) fn set_paused(&mut self, reason: Option<String>) {
        self.value.paused = reason;
        self.dirty = true;
        self.pause_workers();
    }

    fn pause_workers(&self) {
        self.lanes.pause(self.value.paused.is_some() || matches!(self.state, State::Held(_)));
    }

    /// Whether events came after those that it has read.
    pub(crate) fn look_again(&mut self, end: u64, now: DateTime<Utc>) -> bool {
        if self.look || self.read_upto >= end {
            return false;
        }
        self.look = true;
        if matches!(self.state, State::Active) && self.has_nothing() {
            // It has had none until now.
            self.has_moved(now);
        }
        true
    }

    /// Whether it has no event that isn't done.
    pub(crate) fn has_nothing(&self) -> bool {
        self.window.undone() == 0 && self.value.rearmed.is_empty()
    }

    /// Takes what was read.
    pub(crate) fn take_page(&mut self, page: Page, after: u64, limit: usize, end: u64, now: DateTime<Utc>) {
        self.read_upto = page.upto.max(after);
        self.look = page.entries.len() == limit || self.read_upto < end;
        let bytes = page.bytes / page.entries.len().max(1) as u64;
        for entry in page.entries {
            if self.value.is_open(entry.seq) {
                self.without_key += u64::from(order::is_without_key(self.consumer.order(), &entry));
                self.window.push(entry.seq, entry.event.as_ref().ok().map(|event| event.id), bytes);
                if self.recorded.as_mut().is_some_and(|recorded| recorded.remove(&entry.seq)) {
                    self.done(entry.seq, now);
                    self.value.delivered += 1;
                    self.advance();
                } else {
                    self.ahead.push_back(entry);
                }
            }
        }
    }

    /// What was read is about to be called: that is saved first, or a crash in a call isn't noticed, and neither is another owner.
    pub(crate) fn scan(&mut self) {
        let last = self.ahead.back().map_or(0, |entry| entry.seq);
        self.value.scanned = self.value.scanned.max(last);
        self.dirty = true;
    }

    /// As what it is called: with what its attempts so far have brought.
    pub(crate) fn job(&self, entry: Entry, is_awaited: bool, is_held: bool) -> Job {
        let open = self.value.open.get(&entry.seq).filter(|open| open.attempts > 0);
        let (attempts, first_attempt) = open.map_or((0, None), |open| (open.attempts, Some(open.first)));
        // One that has failed, or may have been called when the process died, has no others in its call.
        let group = (is_awaited || attempts > 0).then_some(entry.seq);
        Job { entry, attempts, first_attempt, is_awaited, is_held, group }
    }

    /// Its lane: events in one are called one after the other.
    pub(crate) fn lane_of(&self, entry: &Entry) -> LaneKey {
        order::lane_of(self.consumer.order(), entry)
    }

    /// When an event is tried next that has failed.
    pub(crate) fn due(&self, seq: u64) -> Option<DateTime<Utc>> {
        self.value.open.get(&seq).map(|open| open.due)
    }

    /// Whether the process may die of a call of this event: one was called when it died.
    pub(crate) fn is_suspect(&self, seq: u64) -> bool {
        if self.value.rearmed.contains(&seq) {
            return self.suspect_rearmed.contains(&seq);
        }
        seq <= self.suspect_upto
    }

    /// Whether there are events of which the process may die, and that aren't done.
    pub(crate) fn has_suspects(&self) -> bool {
        let read = self.window.undone_upto(self.suspect_upto).next().is_some();
        read || self.read_upto < self.suspect_upto || !self.suspect_rearmed.is_empty()
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

    /// Forgets what was read, and takes back what isn't called.
    pub(crate) fn forget(&mut self) {
        self.lanes.clear();
        self.window.clear();
        self.ahead.clear();
        self.failed.clear();
        self.rearmed.clear();
        self.letters_of_rearmed.clone_from(&self.value.rearmed);
        self.recorded.iter_mut().for_each(BTreeSet::clear);
        self.read_upto = self.value.position;
        self.look = true;
    }

    /// An event is delivered, or dead. Gives whether it wasn't before.
    pub(crate) fn done(&mut self, seq: u64, now: DateTime<Utc>) -> bool {
        self.dirty = true;
        self.has_moved(now);
        self.value.open.remove(&seq);
        self.failed.remove(&seq);
        if self.value.rearmed.remove(&seq) {
            self.rearmed.remove(&seq);
            // There may be a new one.
            self.letters_of_rearmed.remove(&seq);
            self.suspect_rearmed.remove(&seq);
            return true;
        }
        self.value.frontier = self.value.frontier.max(seq);
        self.window.done(seq)
    }

    /// Moves the position to the last event before which all are done.
    pub(crate) fn advance(&mut self) {
        if let Some((seq, id)) = self.window.advance() {
            self.value.position = self.value.position.max(seq);
            (self.value.last_seq, self.value.last_id) = (seq, id);
        }
    }

    /// Whether nothing can be called before an event that has failed is done.
    pub(crate) fn has_stuck_lane(&self) -> bool {
        self.consumer.order() == Order::One && self.failed.values().any(|lane| self.lanes.has_failed(*lane))
    }

    pub(crate) fn has_moved(&mut self, now: DateTime<Utc>) {
        self.moved = now;
        self.stall_told = false;
    }

    /// Writes into the value what isn't done among events of which a later one is.
    pub(crate) fn note_open(&mut self, now: DateTime<Utc>) {
        for seq in self.window.undone_upto(self.value.frontier) {
            self.value.open.entry(seq).or_insert_with(|| Open::new(now));
        }
    }
}
