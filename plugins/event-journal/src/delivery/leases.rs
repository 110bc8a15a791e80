//! Which process delivers to a consumer: the one that writes its value, for as long as it writes.
//!
//! Each save is fenced by the value's version, so two processes never both believe to have written. An owner that saves nothing
//! for a lease, by the watcher's own clock, has died, or may as well have: another process takes the consumer over, and the owner
//! finds out at its next save. A consumer without work is released, so that any process can begin with it at once; that begins
//! with the save that says what is called.

use std::time::{Duration, Instant};

use event_core::Durability;

use crate::delivery::check_log;
use crate::delivery::clock::Clock;
use crate::delivery::consumer::{Held, Ownership, State};
use crate::delivery::engine::Engine;
use crate::delivery::saving::wait;
use crate::delivery::tombstone::Tombstone;
use crate::delivery::value::{self, Value};
use crate::error::Error;
use crate::journal::{self, Saved};
use crate::log::log;

/// After which time without work a consumer is released.
pub(crate) const IDLE: Duration = Duration::from_secs(1);
/// How many values are listed at once.
const PAGE: usize = 1_000;

/// A time by a clock that is never set.
pub(crate) type Moment = Duration;

impl Engine {
    pub(super) fn moment(&self) -> Moment {
        match &self.clock {
            Clock::System => self.began.elapsed(),
            Clock::Manual(clock) => (clock.now() - chrono::DateTime::UNIX_EPOCH).to_std().unwrap_or_default(),
        }
    }

    /// A line for the consumers that this process doesn't begin with, since another one has them, or had when it died.
    pub(super) fn tell_who_stands_by(&self) {
        let theirs = self
            .consumers
            .iter()
            .filter(|held| held.tombstone.is_none() && held.is_theirs() && held.caller.tries.deliver);
        let names: Vec<_> = theirs.map(Held::name).collect();
        if !names.is_empty() {
            log(format_args!(
                "another process delivers to `{}`, or has died in it; this one stands by, and goes on when nothing was saved for {:?}",
                names.join("`, `"),
                self.lease,
            ));
        }
    }

    /// What follows from the values that the journal has at the start.
    pub(super) fn look_at_the_start(&mut self, end: u64) {
        self.tell_unknown_consumers(end);
        self.tell_who_stands_by();
        for place in 0..self.consumers.len() {
            self.stand_by_or_go_on(place);
            let held = &mut self.consumers[place];
            if held.is_theirs() {
                continue;
            }
            // An older program that starts beside this one is to know.
            held.dirty |= held.may_call() && held.hears_more();
            // This start ends a pause.
            if std::mem::take(&mut held.lease.ends_pause) {
                held.set_paused(None);
            }
        }
    }

    /// How often the values are looked at.
    fn interval(&self) -> Duration {
        self.lease / 5
    }

    /// How long until the values are looked at again; `None` with a clock that only a test moves.
    pub(super) fn until_watch(&self) -> Option<Duration> {
        let next = self.watched_at.map_or(Duration::ZERO, |at| at + self.interval());
        matches!(self.clock, Clock::System).then(|| next.saturating_sub(self.moment()))
    }

    /// Releases what is idle, renews what isn't, and looks at what other processes have.
    pub(super) fn watch_owners(&mut self) {
        let now = self.moment();
        if self.watched_at.is_some_and(|at| now < at + self.interval()) {
            return;
        }
        self.watched_at = Some(now);
        self.release_idle(now);
        self.renew(now);
        self.watch_commands();
        if self.consumers.iter().all(Held::is_ours) {
            return;
        }
        let Ok(listed) = self.list_all(&value::key("")) else { return };
        for place in 0..self.consumers.len() {
            let held = &self.consumers[place];
            if held.is_ours() {
                continue;
            }
            let Some((_, saved)) = listed.iter().find(|(key, _)| *key == held.key) else {
                self.consumers[place].set(State::Held(REMOVED.to_owned()));
                continue;
            };
            if saved.version != held.version {
                self.take_value(place, saved);
            } else if let Ownership::Theirs { since } = held.lease.ownership
                && held.caller.tries.deliver
                && !matches!(held.state, State::Held(_))
                && now >= since + self.lease
                && !held.lanes.is_running()
            {
                self.take_over(place);
            }
        }
    }

    /// The values whose keys begin so.
    pub(super) fn list_all(&self, prefix: &str) -> journal::Result<Vec<(String, Saved)>> {
        let mut all = Vec::<(String, Saved)>::new();
        loop {
            let after = all.last().map_or(String::new(), |(key, _)| key.clone());
            let page = wait(|| self.journal.list(prefix, &after, PAGE))?;
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    fn release_idle(&mut self, now: Moment) {
        let places: Vec<_> =
            (0..self.consumers.len()).filter(|it| self.consumers[*it].is_idle(now)).collect();
        for place in &places {
            let value = &mut self.consumers[*place].value;
            (value.released, value.clean) = (true, true);
        }
        for (place, saved) in places.iter().zip(self.save_all(&places, Durability::Enqueued)) {
            let held = &mut self.consumers[*place];
            match saved {
                Ok(()) => (held.lease.ownership, held.lease.is_established) = (Ownership::Free, false),
                Err(error) => {
                    (held.value.released, held.value.clean, held.dirty) = (false, false, true);
                    self.renewal_failed(*place, &error);
                }
            }
        }
    }

    /// A save that nothing waits for is made again later.
    fn renewal_failed(&mut self, place: usize, error: &journal::Error) {
        if !matches!(error, journal::Error::Unavailable(_)) {
            self.journal_failed(place, error);
        }
    }

    /// Saves those whose lease would run out otherwise.
    fn renew(&mut self, now: Moment) {
        let interval = self.interval();
        let is_due = |held: &Held| held.is_ours() && now >= held.lease.saved_at + interval;
        let places: Vec<_> = (0..self.consumers.len()).filter(|it| is_due(&self.consumers[*it])).collect();
        for (place, saved) in places.iter().zip(self.save_all(&places, Durability::Enqueued)) {
            if let Err(error) = saved {
                self.renewal_failed(*place, &error);
            }
        }
    }

    /// Goes on from a value that another process has saved.
    fn take_value(&mut self, place: usize, saved: &Saved) {
        let (now, time) = (self.moment(), self.clock.now());
        let (owner, log_identity) = (self.owner, self.log_identity.clone());
        let held = &mut self.consumers[place];
        held.tombstone = Tombstone::read(&saved.value);
        if held.tombstone.is_some() {
            held.version = saved.version;
            (held.lease.is_established, held.dirty) = (false, false);
            held.forget();
            self.stand_by_or_go_on(place);
            self.suspect_turn.take_if(|turn| turn.place == place);
            return;
        }
        let value = match Value::read(&saved.value) {
            Ok(value) if value.owner == owner && value.epoch == held.value.epoch && held.is_ours() => {
                // A save of our own, of which we didn't know that it had happened.
                held.version = saved.version;
                return;
            }
            Ok(value) if value.log != log_identity => {
                held.version = saved.version;
                let reason =
                    format!("its position is of the log {}, and this is the log {log_identity}", value.log);
                return held.set(State::Held(reason));
            }
            Ok(value) => value,
            Err(reason) => {
                held.version = saved.version;
                return held.set(State::Held(reason));
            }
        };
        held.lease.ownership =
            if value.released { Ownership::Free } else { Ownership::Theirs { since: now } };
        held.version = saved.version;
        held.saved_position = value.position;
        held.value = value;
        held.value.mend_times(time);
        held.suspect_called = None;
        held.dirty = false;
        held.lease.ends_pause = false;
        (held.suspect_upto, held.stall_told) = (0, false);
        held.suspect_rearmed.clear();
        held.forget();
        self.stand_by_or_go_on(place);
        self.suspect_turn.take_if(|turn| turn.place == place);
    }

    /// Whether this program is one for the consumer's value.
    pub(super) fn stand_by_or_go_on(&mut self, place: usize) {
        let held = &mut self.consumers[place];
        match held.why_not_this_program() {
            None => held.set(State::Active),
            Some(reason) => {
                log(format_args!("`{}` stands by: {reason}", held.name()));
                held.set(State::Held(reason));
            }
        }
    }

    /// The owner has died.
    fn take_over(&mut self, place: usize) {
        let held = &self.consumers[place];
        let checked = wait(|| self.journal.end())
            .map_err(|error| Error::Journal { place: self.journal.place(), cause: error })
            .and_then(|end| check_log(&*self.journal, held.name(), &held.value, &self.log_identity, end));
        match checked {
            Err(Error::Journal { cause, .. }) => return self.journal_failed(place, &cause),
            Err(error) => return self.consumers[place].set(State::Held(error.to_string())),
            Ok(()) => {}
        }
        if self.claim(place) {
            log(format_args!(
                "`{}`: its process has saved nothing for {:?}, so this one delivers now",
                self.consumers[place].name(),
                self.lease,
            ));
        }
    }

    /// Makes this process the owner; gives whether it is.
    pub(super) fn claim(&mut self, place: usize) -> bool {
        let held = &mut self.consumers[place];
        held.claim(self.owner);
        held.forget();
        match self.save(place, Durability::OnDisk) {
            Ok(()) => true,
            Err(error) => {
                self.journal_failed(place, &error);
                false
            }
        }
    }

    /// Another process has saved the value.
    pub(super) fn lose(&mut self, place: usize) {
        let now = self.moment();
        let held = &mut self.consumers[place];
        if held.lease.is_established {
            log(format_args!("`{}`: another process delivers to it now, so this one stands by", held.name()));
        }
        held.lease.ownership = Ownership::Theirs { since: now };
        held.lease.is_established = false;
        held.dirty = false;
        held.forget();
        self.suspect_turn.take_if(|turn| turn.place == place);
        let held = &self.consumers[place];
        match wait(|| self.journal.load(&held.key)) {
            Ok(Some(saved)) => self.take_value(place, &saved),
            Ok(None) => self.consumers[place].set(State::Held(REMOVED.to_owned())),
            // The next look tells.
            Err(_) => {}
        }
    }

    /// Until when the workers may begin calls without another save, by which time nothing can have taken the consumer over.
    pub(super) fn may_call_until(&self) -> Option<Instant> {
        matches!(self.clock, Clock::System).then(|| Instant::now() + self.lease * 3 / 4)
    }
}

const REMOVED: &str = "it was removed from the journal; the next start makes it anew";
