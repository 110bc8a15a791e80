//! Events of which the process may die: one was called when it died. They are called one at a time, over all consumers.

use std::time::Duration;

use chrono::{DateTime, Utc};
use event_core::Durability;

use crate::delivery::clock::Clock;
use crate::delivery::engine::Engine;
use crate::delivery::leases::Moment;
use crate::journal::{self, Entry};

/// How long one consumer alone calls such an event. What ends the process does so sooner, as a rule.
const TURN: Duration = Duration::from_secs(5);

/// The consumer that calls such an event, alone until this time.
pub(crate) struct Turn {
    pub(super) place: usize,
    ends: Moment,
}

impl Engine {
    /// Whether no other event is called of which the process may die, and none at all of this consumer.
    pub(super) fn may_call_suspect(&self, place: usize) -> bool {
        self.suspect_turn.is_none() && !self.consumers[place].lanes.is_busy()
    }

    /// Whether there are events of which the process may die, and that weren't called yet.
    pub(super) fn has_suspects_to_call(&self, place: usize) -> bool {
        let held = &self.consumers[place];
        let is_ahead = held.ahead.front().is_some_and(|entry| entry.seq <= held.suspect_upto);
        is_ahead
            || held.read_upto < held.suspect_upto
            || held.suspect_rearmed.iter().any(|seq| !held.rearmed.contains(seq))
    }

    /// Calls one of the events of which the process may die, if nothing else of this consumer is called.
    pub(super) fn call_suspects(&mut self, place: usize, now: DateTime<Utc>) -> journal::Result<()> {
        if self.consumers[place]
            .suspect_rearmed
            .iter()
            .any(|seq| !self.consumers[place].rearmed.contains(seq))
        {
            // They come first, and are called when it is their turn.
            return Ok(());
        }
        loop {
            if self.consumers[place].ahead.is_empty() && !self.read(place)? {
                return Ok(());
            }
            let held = &mut self.consumers[place];
            let is_next =
                |entry: &Entry| entry.seq <= held.suspect_upto && !held.lanes.has_failed(held.lane_of(entry));
            let Some(index) = held.ahead.iter().position(is_next) else { return Ok(()) };
            let entry = held.ahead[index].clone();
            let (seq, lane) = (entry.seq, held.lane_of(&entry));
            if held.has_died_of(seq) {
                self.bury_deadly(place, &entry)?;
                continue;
            }
            let waits = held.due(seq).is_some_and(|due| due > now);
            if !waits {
                self.announce(place, Some(seq))?;
            }
            let held = &mut self.consumers[place];
            held.ahead.remove(index);
            let job = held.job(entry, true, waits);
            held.lanes.add([(lane, job)]);
            if !waits {
                self.start_workers(place);
                return Ok(());
            }
            held.failed.insert(seq, lane);
        }
    }

    /// The call of an event has ended; gives whether the process might have died of it.
    pub(super) fn suspect_has_ended(&mut self, place: usize, seq: u64) -> bool {
        let held = &mut self.consumers[place];
        let was_suspect = held.suspect_called.take_if(|called| *called == seq).is_some();
        if was_suspect {
            held.has_survived(seq);
            self.suspect_turn.take_if(|turn| turn.place == place);
        }
        was_suspect
    }

    /// No event of another consumer may end the process while this one is called.
    pub(super) fn begin_turn(&mut self, place: usize, seq: u64) {
        self.consumers[place].suspect_called = Some(seq);
        self.suspect_turn = Some(Turn { place, ends: self.moment() + TURN });
    }

    /// A call that takes long holds up no other consumer.
    pub(super) fn end_long_turn(&mut self) {
        let now = self.moment();
        self.suspect_turn.take_if(|turn| turn.ends <= now);
    }

    /// How long the turn lasts still.
    pub(super) fn until_turn_ends(&self) -> Option<Duration> {
        let turn = self.suspect_turn.as_ref().filter(|_| matches!(self.clock, Clock::System))?;
        Some(turn.ends.saturating_sub(self.moment()))
    }

    /// That the suspects of other consumers have survived, before the process may die of this one's.
    pub(super) fn save_survivals(&mut self, place: usize) -> journal::Result<()> {
        for other in 0..self.consumers.len() {
            if other != place
                && self.consumers[other].is_to_be_saved()
                && let Err(error) = self.save(other, Durability::Enqueued)
            {
                self.journal_failed(other, &error);
                if !self.consumers[other].is_theirs() {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    pub(super) fn bury_deadly(&mut self, place: usize, entry: &Entry) -> journal::Result<()> {
        let reason = "the process ended each time while the implementation was called".to_owned();
        self.report_death(place, entry, reason.clone());
        self.bury_entry(place, entry, reason)
    }
}
