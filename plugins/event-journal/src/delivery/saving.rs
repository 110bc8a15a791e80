//! How a consumer's value is saved, and what a failure of the journal means for it.

use std::future::Future;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use event_core::Durability;
use event_core::plugin::error_line;

use crate::delivery::consumer::State;
use crate::delivery::engine::Engine;
use crate::delivery::value::Value;
use crate::journal::{self, Journal};
use crate::log::log;

/// How long a consumer's progress waits to be saved.
const SAVE_AFTER: Duration = Duration::from_millis(100);
/// How long after the journal couldn't be used it is tried again.
pub(super) const TRY_AGAIN: TimeDelta = TimeDelta::milliseconds(200);

impl Engine {
    /// Saves a consumer's value, by compare-and-set.
    pub(super) fn save(&mut self, place: usize, durability: Durability) -> journal::Result<()> {
        let held = &mut self.consumers[place];
        let bytes = held.value.to_bytes();
        match wait(self.journal.save(&held.key, held.version, Some(&bytes), durability)) {
            Ok(version) => held.version = version,
            Err(journal::Error::Unavailable(cause)) => {
                // It may have happened all the same.
                match wait(self.journal.load(&held.key))? {
                    Some(saved) if saved.value == bytes => held.version = saved.version,
                    _ => return Err(journal::Error::Unavailable(cause)),
                }
            }
            Err(error) => return Err(error),
        }
        held.dirty = false;
        Ok(())
    }

    pub(super) fn save_what_is_due(&mut self) {
        let is_running = self.consumers.iter().any(|held| matches!(held.state, State::Running(_)));
        if self.save_at.is_none() && (is_running || self.consumers.iter().any(|held| held.dirty)) {
            self.schedule_save();
        }
        if self.save_at.is_none_or(|at| at > Instant::now()) {
            return;
        }
        self.save_at = None;
        for place in 0..self.consumers.len() {
            let is_lost = matches!(self.consumers[place].state, State::Lost);
            if self.consumers[place].dirty
                && !is_lost
                && let Err(error) = self.save(place, Durability::Enqueued)
            {
                self.journal_failed(place, &error);
            }
        }
        if is_running {
            self.schedule_save();
        }
    }

    pub(super) fn schedule_save(&mut self) {
        self.save_at.get_or_insert_with(|| Instant::now() + SAVE_AFTER);
    }

    /// The journal couldn't be used for a consumer.
    pub(super) fn journal_failed(&mut self, place: usize, error: &journal::Error) {
        let now = self.clock.now();
        let held = &mut self.consumers[place];
        if let State::Running(running) = &held.state {
            if matches!(error, journal::Error::Conflict) {
                running.progress.stop();
            }
            return;
        }
        let next = match error {
            journal::Error::Unavailable(_) => State::Waiting(now + TRY_AGAIN),
            journal::Error::Conflict => State::Lost,
            _ => State::Held(error_line(error)),
        };
        match &next {
            State::Lost => {
                log(format_args!("`{}`: another process delivers to it now, so this one stops", held.name()));
            }
            State::Held(reason) => log(format_args!("`{}` waits: {reason}", held.name())),
            _ => {}
        }
        held.state = next;
    }

    /// Takes a consumer over: from now on its value is saved by this process.
    pub(crate) fn claim(&mut self, place: usize) -> journal::Result<()> {
        let owner = self.owner;
        let held = &mut self.consumers[place];
        if !held.value.clean {
            held.suspect_upto = held.value.scanned;
        }
        held.value.owner = owner;
        held.value.epoch += 1;
        held.value.clean = false;
        held.value.paused = None;
        held.read_upto = held.value.position;
        held.look = true;
        if let Some(open) = held.value.open.values().next() {
            held.state = State::Waiting(open.due);
        }
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
    if let Some(saved) = wait(journal.load(key))? {
        return Ok(Value::read(&saved.value).map(|value| (value, saved.version)));
    }
    let value = Value::new(log_identity.to_owned(), position);
    let version = wait(journal.save(key, 0, Some(&value.to_bytes()), Durability::OnDisk))?;
    Ok(Ok((value, version)))
}
