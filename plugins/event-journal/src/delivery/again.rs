//! Events that are called once more: those that have failed, when their time has come, and dead letters that are retried.

use chrono::{DateTime, Utc};
use event_core::Durability;

use crate::delivery::engine::Engine;
use crate::delivery::jobs::LaneKey;
use crate::delivery::value::Open;
use crate::journal::{self, Entry};
use crate::log::log;

impl Engine {
    /// Lets events be called again that have failed, and whose time has come.
    pub(super) fn try_failed(&mut self, place: usize, now: DateTime<Utc>) -> journal::Result<()> {
        let held = &self.consumers[place];
        let due = |seq: &u64| held.due(*seq).is_none_or(|due| due <= now);
        let due: Vec<_> =
            held.failed.iter().filter(|(seq, _)| due(seq)).map(|(seq, lane)| (*seq, *lane)).collect();
        for (seq, lane) in due {
            if !self.may_try(place, seq, lane) {
                continue;
            }
            let is_suspect = self.consumers[place].is_suspect(seq);
            self.announce(place, is_suspect.then_some(seq))?;
            let held = &mut self.consumers[place];
            held.failed.remove(&seq);
            let open = held.value.open.get(&seq).cloned();
            held.lanes.let_go(lane, seq, |job| {
                job.is_awaited |= is_suspect;
                if let Some(open) = open.filter(|open| open.attempts > 0) {
                    (job.attempts, job.first_attempt) = (open.attempts, Some(open.first));
                }
            });
            self.start_workers(place);
        }
        Ok(())
    }

    /// Whether an event that has failed can be called when its time has come: one of which the process may die is called alone, and
    /// when it is the first of its lane.
    pub(super) fn may_try(&self, place: usize, seq: u64, lane: LaneKey) -> bool {
        let held = &self.consumers[place];
        !held.is_suspect(seq) || self.may_call_suspect(place) && held.lanes.is_first(lane, seq)
    }

    /// Calls events that were dead letters, before later ones of their lane.
    pub(super) fn deliver_rearmed(&mut self, place: usize) -> journal::Result<()> {
        let held = &self.consumers[place];
        let rearmed: Vec<_> = held.value.rearmed.difference(&held.rearmed).copied().collect();
        if rearmed.is_empty() {
            return Ok(());
        }
        self.remove_letters_of_rearmed(place)?;
        let held = &self.consumers[place];
        let (suspects, others): (Vec<_>, Vec<_>) = rearmed.into_iter().partition(|seq| held.is_suspect(*seq));
        for seq in suspects {
            if self.may_call_suspect(place)
                && let Some(entry) = self.read_rearmed(place, &[seq])?.pop()
            {
                if self.consumers[place].has_died_of(seq) {
                    self.bury_deadly(place, &entry)?;
                } else {
                    self.call_rearmed(place, vec![entry], Some(seq))?;
                }
            }
        }
        let entries = self.read_rearmed(place, &others)?;
        if entries.is_empty() { Ok(()) } else { self.call_rearmed(place, entries, None) }
    }

    /// The events, without those that are gone, which are done with.
    fn read_rearmed(&mut self, place: usize, seqs: &[u64]) -> journal::Result<Vec<Entry>> {
        let entries = self.read_these(seqs)?;
        if entries.len() < seqs.len() {
            let now = self.clock.now();
            let held = &mut self.consumers[place];
            let is_there = |seq: &u64| entries.binary_search_by_key(seq, |entry| entry.seq).is_ok();
            for seq in seqs.iter().filter(|seq| !is_there(seq)) {
                log(format_args!(
                    "`{}`: event {seq} is gone from the journal, so it isn't tried again",
                    held.name()
                ));
                held.done(*seq, now);
            }
            self.save(place, Durability::OnDisk)?;
        }
        Ok(entries)
    }

    fn call_rearmed(
        &mut self,
        place: usize,
        entries: Vec<Entry>,
        suspect: Option<u64>,
    ) -> journal::Result<()> {
        let now = self.clock.now();
        let held = &self.consumers[place];
        // Asked before the announcement, which may write a time of its own.
        // One that is called alone waits for those that come before it in its lane, or it would be announced and never called.
        let is_behind =
            |entry: &Entry| held.lanes.first(held.lane_of(entry)).is_some_and(|first| first.seq < entry.seq);
        let waits = |entry: &Entry| {
            held.due(entry.seq).is_some_and(|due| due > now) || suspect.is_some() && is_behind(entry)
        };
        let entries: Vec<_> = entries.into_iter().map(|entry| (waits(&entry), entry)).collect();
        if entries.iter().any(|(waits, _)| !waits) {
            self.announce(place, suspect)?;
        }
        let held = &mut self.consumers[place];
        let mut jobs = Vec::with_capacity(entries.len());
        for (waits, entry) in entries {
            let (seq, lane) = (entry.seq, held.lane_of(&entry));
            held.rearmed.insert(seq);
            if waits {
                held.failed.insert(seq, lane);
            }
            jobs.push((lane, held.job(entry, true, waits)));
        }
        held.lanes.add(jobs);
        self.start_workers(place);
        Ok(())
    }

    /// Saves that an event is about to be called once more, or a crash in it isn't noticed, and neither is another owner. `suspect`
    /// is that event if it is called alone.
    pub(super) fn announce(&mut self, place: usize, suspect: Option<u64>) -> journal::Result<()> {
        if suspect.is_some() {
            self.save_survivals(place)?;
        }
        let now = self.clock.now();
        let held = &mut self.consumers[place];
        if let Some(seq) = suspect {
            held.value.open.entry(seq).or_insert_with(|| Open::new(now)).crashes += 1;
        }
        if let Some(seq) = suspect {
            held.value.scanned = held.value.scanned.max(seq);
        }
        held.dirty = true;
        let saved = self.save(place, Durability::Enqueued);
        match (&saved, suspect) {
            (Ok(()), Some(seq)) => self.begin_turn(place, seq),
            (Err(_), Some(seq)) => self.consumers[place].has_survived(seq),
            _ => {}
        }
        saved
    }
}
