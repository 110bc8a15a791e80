//! How a consumer's value is saved, and what a failure of the journal means for it.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use event_core::Durability;
use event_core::plugin::error_line;

use crate::delivery::clock::later;
use crate::delivery::consumer::{Held, Ownership, State};
use crate::delivery::engine::Engine;
use crate::delivery::guarded::guarded_future;
use crate::delivery::value::Value;
use crate::journal::{self, Filter, Journal, Page};
use crate::log::log;

/// How long a consumer's progress waits to be saved.
const SAVE_AFTER: Duration = Duration::from_millis(100);
/// How long after the journal couldn't be used it is tried again.
pub(super) const TRY_AGAIN: Duration = Duration::from_millis(200);

impl Engine {
    /// Saves a consumer's value, by compare-and-set.
    pub(super) fn save(&mut self, place: usize, durability: Durability) -> journal::Result<()> {
        self.save_all(&[place], durability).pop().expect("one was saved")
    }

    /// Saves the values of these consumers at the same time, so that a journal can write them together.
    pub(super) fn save_all(&mut self, places: &[usize], durability: Durability) -> Vec<journal::Result<()>> {
        let (now, moment, until) = (self.clock.now(), self.moment(), self.may_call_until());
        for place in places {
            self.note_last(*place);
            let held = &mut self.consumers[*place];
            held.note_open(now);
            if held.lease.ownership == Ownership::Free {
                held.claim(self.owner);
            }
        }
        let asks = places.iter().map(|place| {
            let Held { key, version, value, .. } = &self.consumers[*place];
            let save = Save { key, version: *version, value, bytes: value.to_bytes(), durability };
            save.run(&*self.journal)
        });
        let saved = wait_all(asks);
        let saved = places.iter().zip(saved).map(|(place, saved)| {
            let held = &mut self.consumers[*place];
            held.version = saved?;
            held.saved_position = held.value.position;
            held.dirty = false;
            held.lease.saved_at = moment;
            held.lease.is_established = true;
            held.lanes.allow_until(until, held.value.epoch);
            Ok(())
        });
        saved.collect()
    }

    /// The id of the event at the position, where that isn't the last one that was handled. By it another log is noticed.
    fn note_last(&mut self, place: usize) {
        let value = &mut self.consumers[place].value;
        if value.last_seq >= value.position {
            return;
        }
        // Where it can't be read now, the one before it serves.
        let Ok(page) = read_next(&*self.journal, value.position - 1) else { return };
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
        let places: Vec<_> =
            (0..self.consumers.len()).filter(|it| self.consumers[*it].is_to_be_saved()).collect();
        for (place, saved) in places.iter().zip(self.save_all(&places, Durability::Enqueued)) {
            if let Err(error) = saved {
                self.journal_failed(*place, &error);
            }
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
        if matches!(error, journal::Error::Conflict) {
            return self.lose(place);
        }
        let next = match (error, &held.state) {
            (journal::Error::Unavailable(_), State::Held(_)) => return,
            (journal::Error::Unavailable(_), State::Waiting(due)) => State::Waiting(soon.max(*due)),
            // What it calls goes on; the next save tells.
            (journal::Error::Unavailable(_), State::Active) => State::Waiting(soon),
            _ => State::Held(error_line(error)),
        };
        if let State::Held(reason) = &next {
            log(format_args!("`{}` waits: {reason}", held.name()));
        }
        held.set(next);
    }
}

/// A value that is to be saved.
struct Save<'v> {
    key: &'v str,
    version: u64,
    value: &'v Value,
    bytes: Vec<u8>,
    durability: Durability,
}

impl Save<'_> {
    /// Gives the new version.
    async fn run(self, journal: &dyn Journal) -> journal::Result<u64> {
        let Self { key, version, value, bytes, durability } = &self;
        let saved = journal.save(key, *version, Some(bytes), *durability).await;
        let Err(error @ (journal::Error::Conflict | journal::Error::Unavailable(_))) = saved else {
            return saved;
        };
        // This save or an earlier one may have happened all the same.
        let Some(found) = journal.load(key).await? else { return Err(error) };
        let is_ours = Value::read(&found.value)
            .is_ok_and(|found| (found.owner, found.epoch) == (value.owner, value.epoch));
        match error {
            _ if !is_ours => Err(error),
            _ if found.value == *bytes => Ok(found.version),
            journal::Error::Conflict => journal.save(key, found.version, Some(bytes), *durability).await,
            error => Err(error),
        }
    }
}

/// Waits on the engine's thread for what the journal does on threads of its own.
pub(super) fn wait<T, F>(ask: impl FnOnce() -> F) -> journal::Result<T>
where
    F: Future<Output = journal::Result<T>>,
{
    pollster::block_on(asked(async move { ask().await }))
}

/// Whether a save has happened that any process may make: where another one was first, it has done the same.
pub(super) fn by_any_process<T>(saved: journal::Result<T>) -> journal::Result<()> {
    match saved {
        Ok(_) | Err(journal::Error::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The first event after this place, whatever its name.
pub(super) fn read_next(journal: &dyn Journal, after: u64) -> journal::Result<Page> {
    let all = Filter::all();
    wait(|| journal.read(after, &all, 1))
}

pub(super) fn wait_all<T>(
    asks: impl IntoIterator<Item = impl Future<Output = journal::Result<T>>>,
) -> Vec<journal::Result<T>> {
    let mut asks: Vec<_> = asks.into_iter().map(|ask| (Box::pin(asked(ask)), None)).collect();
    let all = poll_fn(|context| {
        let mut is_ready = true;
        for (ask, answer) in asks.iter_mut().filter(|(_, answer)| answer.is_none()) {
            match ask.as_mut().poll(context) {
                Poll::Ready(ready) => *answer = Some(ready),
                Poll::Pending => is_ready = false,
            }
        }
        if is_ready { Poll::Ready(()) } else { Poll::Pending }
    });
    pollster::block_on(all);
    asks.into_iter().map(|(_, answer)| answer.expect("each is ready")).collect()
}

/// What a journal answers. One that panics can't be used now.
pub(super) async fn asked<T>(ask: impl Future<Output = journal::Result<T>>) -> journal::Result<T> {
    guarded_future(ask).await.unwrap_or_else(|message| {
        let cause = std::io::Error::other(format!("the journal panicked: {message}"));
        Err(journal::Error::Unavailable(Arc::new(cause)))
    })
}
