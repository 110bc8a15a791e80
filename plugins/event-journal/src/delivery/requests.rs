//! What the application asks for, while the engine runs.

use event_core::Durability;

use crate::delivery::command::{Refused, Request};
use crate::delivery::consumer::{Ownership, State};
use crate::delivery::engine::Engine;
use crate::delivery::saving::wait;
use crate::delivery::status::{ConsumerStatus, Deliverer};

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

    pub(super) fn answer(&mut self, request: Request) {
        match request {
            Request::Settle(sender) => {
                let now = self.clock.now();
                for held in &mut self.consumers {
                    held.look_again(u64::MAX, now);
                }
                // What other processes have done meanwhile is seen first.
                self.watched_at = None;
                // Those that nothing waits for any more are forgotten.
                self.settling.retain(|sender| !sender.is_canceled());
                self.settling.push(sender);
            }
            Request::List(sender) => drop(sender.send(Ok(self.list()))),
            Request::DeliverNow(name, sender) => {
                let done = self.of_name(&name).map(|place| self.deliver_now(place));
                let _ = sender.send(done);
            }
            Request::Command(name, command, sender) => self.command(name, command, sender),
            Request::Adopt(name, sender) => {
                let done = self.of_name(&name).and_then(|place| self.adopt(place));
                let _ = sender.send(done);
            }
            Request::Remove(name, sender) => self.remove(name, sender),
        }
    }

    fn adopt(&mut self, place: usize) -> Result<(), Refused> {
        self.watched_at = None;
        self.watch_owners();
        if let Some(tombstone) = self.consumers[place].tombstone.clone() {
            return self.adopt_gone(place, &tombstone);
        }
        if self.consumers[place].is_theirs() {
            let reason = "another process delivers to this consumer: end that program first".to_owned();
            return Err(Refused::ByOwner(reason));
        }
        self.consumers[place].adopt();
        self.save(place, Durability::OnDisk).map_err(|error| {
            self.journal_failed(place, &error);
            Refused::Journal(error)
        })?;
        self.consumers[place].set(State::Active);
        Ok(())
    }

    fn deliver_now(&mut self, place: usize) {
        let now = self.clock.now();
        self.stand_by_or_go_on(place);
        let held = &mut self.consumers[place];
        for seq in held.failed.keys() {
            if let Some(open) = held.value.open.get_mut(seq) {
                open.due = open.due.min(now);
            }
        }
        held.look_again(u64::MAX, now);
    }

    pub(super) fn of_name(&self, name: &str) -> Result<usize, Refused> {
        let place = self.consumers.iter().position(|held| held.name() == name);
        place.ok_or_else(|| Refused::UnknownConsumer {
            name: name.to_owned(),
            known: self.consumers.iter().map(|held| held.name().to_owned()).collect(),
        })
    }

    /// How each consumer is doing: those of the app, and those that only the journal knows.
    fn list(&mut self) -> Vec<ConsumerStatus> {
        let mut list: Vec<_> = (0..self.consumers.len()).map(|place| self.status(place)).collect();
        // Where they can't be read now, those of the app are known all the same.
        for (name, value) in self.unknown_consumers().unwrap_or_default() {
            list.push(ConsumerStatus::of_unknown(name, &value));
        }
        list
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
            is_known: true,
            deliverer: match held.lease.ownership {
                _ if held.tombstone.is_some() => Deliverer::None,
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
