//! What the application asks for, while the engine runs.

use event_core::Durability;

use crate::dead_letter;
use crate::delivery::command::{Command, ConsumerStatus, Deliverer, Refused, Request};
use crate::delivery::consumer::{Ownership, State};
use crate::delivery::engine::Engine;
use crate::delivery::saving::{read_next, wait};
use crate::journal;

/// How many events are counted for a backlog.
const MOST_COUNTED: u64 = 100_000;

impl Engine {
    pub(super) fn answer_settled(&mut self) {
        let is_settled = self.consumers.iter().all(|held| match held.state {
            State::Active if held.may_call() => held.lanes.is_quiet(),
            _ => !held.lanes.is_running(),
        });
        if is_settled && !self.settling.is_empty() {
            if self.look_again() {
                self.waker.wake_by_ref();
                return;
            }
            for sender in std::mem::take(&mut self.settling) {
                let _ = sender.send(Ok(()));
            }
        }
    }

    pub(super) fn answer(&mut self, Request { command, sender }: Request) {
        match command {
            Command::Settle => {
                let now = self.clock.now();
                for held in &mut self.consumers {
                    held.look_again(u64::MAX, now);
                }
                // What other processes have done meanwhile is seen first.
                self.watched_at = None;
                // Those that nothing waits for any more are forgotten.
                self.settling.retain(|sender| !sender.is_canceled());
                self.settling.push(sender.into_done());
            }
            Command::List => {
                let list = (0..self.consumers.len()).map(|place| self.status(place)).collect();
                sender.list(list);
            }
            Command::Pause(name) => {
                let done = self.of_name(&name, |engine, place| {
                    engine.save_paused(place, Some("paused by hand".to_owned()))
                });
                sender.done(done);
            }
            Command::Resume(name) => {
                let done = self.of_name(&name, |engine, place| {
                    engine.save_paused(place, None)?;
                    let held = &mut engine.consumers[place];
                    if matches!(held.state, State::Held(_)) {
                        held.set(State::Active);
                    }
                    Ok(())
                });
                sender.done(done);
            }
            Command::DeliverNow(name) => {
                let now = self.clock.now();
                let done = self.of_name(&name, |engine, place| {
                    let held = &mut engine.consumers[place];
                    held.set(State::Active);
                    for seq in held.failed.keys() {
                        if let Some(open) = held.value.open.get_mut(seq) {
                            open.due = open.due.min(now);
                        }
                    }
                    held.look_again(u64::MAX, now);
                    Ok(())
                });
                sender.done(done);
            }
            Command::Retry(name, seq) => {
                let done = self.of_name(&name, |engine, place| engine.rearm(place, seq));
                sender.done(done);
            }
            Command::Drop(name, seq) => {
                let done = self.of_name(&name, |engine, place| engine.remove_letter(place, seq));
                sender.done(done);
            }
        }
    }

    pub(super) fn of_name(
        &mut self,
        name: &str,
        act: impl FnOnce(&mut Self, usize) -> journal::Result<()>,
    ) -> Result<(), Refused> {
        match self.consumers.iter().position(|held| held.name() == name) {
            Some(place) => act(self, place).map_err(|error| {
                // An event that is gone is no reason to hold others up.
                if !matches!(error, journal::Error::Gone { .. }) {
                    self.journal_failed(place, &error);
                }
                Refused::Journal(error)
            }),
            None => Err(Refused::UnknownConsumer {
                name: name.to_owned(),
                known: self.consumers.iter().map(|held| held.name().to_owned()).collect(),
            }),
        }
    }

    /// Pauses a consumer, or lets it go on; it stays as it was if that can't be saved.
    fn save_paused(&mut self, place: usize, reason: Option<String>) -> journal::Result<()> {
        let held = &mut self.consumers[place];
        let before = held.value.paused.clone();
        held.set_paused(reason);
        let saved = self.save(place, Durability::OnDisk);
        if saved.is_err() {
            self.consumers[place].set_paused(before);
        }
        saved
    }

    /// A dead letter is delivered again: in the consumer's value first, so that a crash loses neither.
    pub(super) fn rearm(&mut self, place: usize, seq: u64) -> journal::Result<()> {
        let key = dead_letter::key(self.consumers[place].name(), seq);
        if wait(|| self.journal.load(&key))?.is_none() {
            return Ok(());
        }
        if self.read_one(seq)?.is_none() {
            let first = read_next(&*self.journal, seq).ok();
            let first = first.and_then(|page| page.entries.first().map(|entry| entry.seq));
            return Err(journal::Error::Gone { first: first.unwrap_or(seq + 1) });
        }
        let held = &mut self.consumers[place];
        held.value.rearmed.insert(seq);
        held.value.open.remove(&seq);
        held.dirty = true;
        // What holds it may not hold this event.
        held.set(State::Active);
        self.save(place, Durability::OnDisk)?;
        self.remove_letter(place, seq)
    }

    pub(super) fn remove_letter(&self, place: usize, seq: u64) -> journal::Result<()> {
        let key = dead_letter::key(self.consumers[place].name(), seq);
        let Some(saved) = wait(|| self.journal.load(&key))? else { return Ok(()) };
        match wait(|| self.journal.save(&key, saved.version, None, Durability::OnDisk)) {
            // Removed by another process, between.
            Ok(_) | Err(journal::Error::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn status(&mut self, place: usize) -> ConsumerStatus {
        let now = self.clock.now();
        self.consumers[place].note_open(now);
        let held = &self.consumers[place];
        let done_upto = held.value.frontier.max(held.value.position);
        let backlog = wait(|| self.journal.count(done_upto, &held.filter, MOST_COUNTED)).ok();
        let undone =
            held.value.open.range(..=done_upto).filter(|(seq, _)| !held.value.rearmed.contains(*seq)).count();
        let undone = undone + held.value.rearmed.len();
        let oldest = wait(|| self.journal.read(held.value.position, &held.filter, 1)).ok();
        let oldest =
            oldest.and_then(|page| page.entries.into_iter().next()).and_then(|entry| entry.event.ok());
        let open = held.value.open.iter().find(|(_, open)| open.attempts > 0);
        let calling = held.lanes.calling().first().copied();
        ConsumerStatus {
            name: held.name().to_owned(),
            deliverer: match held.lease.ownership {
                Ownership::Ours => Deliverer::ThisProcess,
                Ownership::Free => Deliverer::None,
                Ownership::Theirs { .. } => Deliverer::AnotherProcess,
            },
            position: held.value.position,
            backlog: backlog.map(|backlog| backlog + undone as u64),
            oldest: oldest.map(|event| event.created),
            calling: calling.map(|(seq, _)| seq),
            calling_since: calling.map(|(_, began)| began),
            attempts: open.map_or(0, |(_, open)| open.attempts),
            last_error: open.map(|(_, open)| open.error.clone()).filter(|error| !error.is_empty()),
            next_attempt: match held.state {
                State::Waiting(due) => Some(due),
                _ => held.failed.keys().filter_map(|seq| held.due(*seq)).min(),
            },
            paused: match &held.state {
                State::Held(reason) => Some(reason.clone()),
                _ => held.value.paused.clone(),
            },
            delivered: held.value.delivered,
            dead: held.value.dead,
            without_key: held.without_key,
        }
    }
}
