//! How a consumer's value is saved, and what a failure of the journal means for it.

use std::future::Future;
use std::time::{Duration, Instant};

use event_core::Durability;
use event_core::plugin::error_line;

use crate::delivery::clock::later;
use crate::delivery::consumer::{Held, State};
use crate::delivery::engine::Engine;
use crate::delivery::value::Value;
use crate::journal::{self, Filter, Journal};
use crate::log::log;

/// How long a consumer's progress waits to be saved.
const SAVE_AFTER: Duration = Duration::from_millis(100);
/// How long after the journal couldn't be used it is tried again.
pub(super) const TRY_AGAIN: Duration = Duration::from_millis(200);

impl Engine {
    /// Saves a consumer's value, by compare-and-set.
    pub(super) fn save(&mut self, place: usize, durability: Durability) -> journal::Result<()> {
        self.note_last(place);
        let now = self.clock.now();
        let held = &mut self.consumers[place];
        held.note_open(now);
        let bytes = held.value.to_bytes();
        let (owner, epoch) = (held.value.owner, held.value.epoch);
        let mut saved = wait(self.journal.save(&held.key, held.version, Some(&bytes), durability));
        if matches!(saved, Err(journal::Error::Conflict | journal::Error::Unavailable(_)))
            // This save or an earlier one may have happened all the same.
            && let Some(found) = wait(self.journal.load(&held.key))?
            && Value::read(&found.value).is_ok_and(|value| (value.owner, value.epoch) == (owner, epoch))
        {
            held.version = found.version;
            if found.value == bytes {
                saved = Ok(found.version);
            } else if matches!(saved, Err(journal::Error::Conflict)) {
                saved = wait(self.journal.save(&held.key, held.version, Some(&bytes), durability));
            }
        }
        held.version = saved?;
        held.saved_position = held.value.position;
        held.dirty = false;
        Ok(())
    }

    /// The id of the event at the position, where that isn't the last one that was handled. By it another log is noticed.
    fn note_last(&mut self, place: usize) {
        let value = &mut self.consumers[place].value;
        if value.last_seq >= value.position {
            return;
        }
        // Where it can't be read now, the one before it serves.
        let Ok(page) = wait(self.journal.read(value.position - 1, &Filter::all(), 1)) else { return };
        if let Some(entry) = page.entries.first().filter(|entry| entry.seq == value.position) {
            value.last_seq = entry.seq;
            value.last_id = entry.event.as_ref().ok().map(|event| event.id);
        }
    }

    pub(super) fn save_what_is_due(&mut self) {
        let is_busy = self.consumers.iter().any(|held| held.lanes.is_busy());
        if self.save_at.is_none() && (is_busy || self.consumers.iter().any(Held::is_to_be_saved)) {
            self.schedule_save();
        }
        if self.save_at.is_none_or(|at| at > Instant::now()) {
            return;
        }
        self.save_at = None;
        for place in 0..self.consumers.len() {
            self.save_now(place, Durability::Enqueued);
        }
        if is_busy {
            self.schedule_save();
        }
    }

    pub(super) fn schedule_save(&mut self) {
        self.save_at.get_or_insert_with(|| Instant::now() + SAVE_AFTER);
    }

    /// Saves a value without waiting for the next time.
    pub(super) fn save_now(&mut self, place: usize, durability: Durability) {
        if self.consumers[place].is_to_be_saved()
            && let Err(error) = self.save(place, durability)
        {
            self.journal_failed(place, &error);
        }
    }

    /// The journal couldn't be used for a consumer.
    pub(super) fn journal_failed(&mut self, place: usize, error: &journal::Error) {
        let soon = later(self.clock.now(), TRY_AGAIN);
        let held = &mut self.consumers[place];
        let next = match (error, &held.state) {
            (_, State::Lost) | (journal::Error::Unavailable(_), State::Held(_)) => return,
            (journal::Error::Conflict, _) => State::Lost,
            (journal::Error::Unavailable(_), State::Waiting(due)) => State::Waiting(soon.max(*due)),
            // What it calls goes on; the next save tells.
            (journal::Error::Unavailable(_), State::Active) => State::Waiting(soon),
            _ => State::Held(error_line(error)),
        };
        match &next {
            State::Lost => {
                log(format_args!("`{}`: another process delivers to it now, so this one stops", held.name()));
                held.forget();
                self.suspect_turn.take_if(|(other, _)| *other == place);
            }
            State::Held(reason) => log(format_args!("`{}` waits: {reason}", held.name())),
            _ => {}
        }
        self.consumers[place].set(next);
    }

    /// Takes a consumer over: from now on its value is saved by this process.
    pub(crate) fn claim(&mut self, place: usize) -> journal::Result<()> {
        let owner = self.owner;
        let held = &mut self.consumers[place];
        if !held.value.clean {
            held.suspect_upto = held.value.scanned;
            held.suspect_rearmed.clone_from(&held.value.rearmed);
        }
        held.value.owner = owner;
        held.value.epoch += 1;
        held.value.clean = false;
        held.value.frontier = held.value.frontier.max(held.value.position);
        held.set_paused(None);
        held.forget();
        self.save(place, Durability::OnDisk)
    }
}

/// Waits on the engine's thread. What a journal is waited for runs on its own threads.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

/// The value of a consumer, or a new one at the place where it begins.
pub(super) fn load_or_create(
    journal: &dyn Journal,
    key: &str,
    log_identity: &str,
    position: u64,
) -> journal::Result<Result<(Value, u64), String>> {
    if wait(journal.load(key))?.is_none() {
        let value = Value::new(log_identity.to_owned(), position).to_bytes();
        match wait(journal.save(key, 0, Some(&value), Durability::OnDisk)) {
            // Another process that starts beside this one has made it.
            Ok(_) | Err(journal::Error::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    match wait(journal.load(key))? {
        Some(saved) => Ok(Value::read(&saved.value).map(|value| (value, saved.version))),
        None => Err(journal::Error::Conflict),
    }
}
