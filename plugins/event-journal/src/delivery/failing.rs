//! What becomes of an event that wasn't delivered: it waits, or it is a dead letter.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use event_core::plugin::{FailureClass, error_line, report};
use event_core::{Durability, Failure};

use crate::dead_letter::{self, DeadLetter, cut};
use crate::delivery::consumer::State;
use crate::delivery::engine::Engine;
use crate::delivery::lane::Problem;
use crate::delivery::pauses;
use crate::delivery::saving::wait;
use crate::delivery::value::Open;
use crate::delivery_failed;
use crate::journal::{self, Entry};
use crate::log::log;

impl Engine {
    /// An event wasn't delivered.
    pub(super) fn failed(&mut self, place: usize, entry: &Entry, problem: &Problem) {
        let now = self.clock.now();
        let held = &mut self.consumers[place];
        let text = problem.to_line();
        let open = held.value.open.entry(entry.seq).or_insert_with(|| Open::new(now));
        let first_time = open.attempts == 0;
        open.attempts += 1;
        open.error = cut(text.clone());
        let (attempts, first) = (open.attempts, open.first);
        held.dirty = true;
        let gives_up = held.tries.max_attempts.is_some_and(|most| attempts >= most)
            || (now - first).to_std().is_ok_and(|time| time >= held.tries.give_up_after);
        let next = match problem.class() {
            Class::Dead => Next::Bury,
            Class::Unknown if gives_up => Next::Bury,
            Class::Unknown => Next::Wait(pauses::after(attempts, pauses::LONGEST)),
            Class::Outage(delay) => {
                Next::Wait(delay.unwrap_or_else(|| pauses::after(attempts, pauses::LONGEST_OF_AN_OUTAGE)))
            }
            Class::Stop => Next::Pause,
            Class::Hold => Next::Hold,
        };
        if let Problem::Failed(failure) = problem
            && (first_time || matches!(next, Next::Bury))
            && let Some(app) = self.app.upgrade()
        {
            report(&app, failure);
        }
        match next {
            Next::Wait(pause) => {
                let due = now + TimeDelta::from_std(pause).unwrap_or(TimeDelta::MAX);
                if let Some(open) = held.value.open.get_mut(&entry.seq) {
                    open.due = due;
                }
                held.state = State::Waiting(due);
            }
            Next::Pause => {
                log(format_args!(
                    "`{}` is paused: {text}; nothing is lost, and `resume` or a restart lets it go on",
                    held.name()
                ));
                held.value.paused = Some(cut(text));
            }
            Next::Hold => {
                log(format_args!("`{}` waits: {text}", held.name()));
                held.state = State::Held(text);
            }
            Next::Bury => {
                if let Err(error) = self.bury_entry(place, entry, text) {
                    self.journal_failed(place, &error);
                }
            }
        }
    }

    /// Makes the first event that was read a dead letter.
    pub(super) fn bury(&mut self, place: usize, reason: String) -> journal::Result<()> {
        let entry = self.consumers[place].ahead.front().cloned().expect("there is one");
        self.bury_entry(place, &entry, reason)
    }

    /// First the intent in the consumer's value, then the dead letter, then the position without the intent: a process that
    /// has lost the consumer can't bury what the new owner delivers.
    pub(super) fn bury_entry(&mut self, place: usize, entry: &Entry, reason: String) -> journal::Result<()> {
        let now = self.clock.now();
        let held = &mut self.consumers[place];
        let open = held.value.open.get(&entry.seq).cloned().unwrap_or_else(|| Open::new(now));
        let (event_id, event_name) = match &entry.event {
            Ok(event) => (event.id.to_string(), event.name.clone()),
            Err(odd) => (odd.id.clone(), odd.name.clone()),
        };
        let location = held.consumer.implementation().location();
        let letter = DeadLetter {
            consumer: held.name().to_owned(),
            seq: entry.seq,
            event_id,
            event_name,
            reason: cut(reason),
            attempts: open.attempts,
            first_attempt: open.first,
            died: now,
            location: format!("{}:{}", location.file(), location.line()),
        };
        if !held.value.burying.iter().any(|other| other.seq == letter.seq) {
            held.value.burying.push(letter);
        }
        held.dirty = true;
        self.finish_burying(place)
    }

    /// Writes the dead letters that the value announces.
    pub(super) fn finish_burying(&mut self, place: usize) -> journal::Result<()> {
        while let Some(letter) = self.consumers[place].value.burying.first().cloned() {
            if self.consumers[place].dirty {
                self.save(place, Durability::OnDisk)?;
            }
            let key = dead_letter::key(&letter.consumer, letter.seq);
            let bytes = serde_json::to_vec(&letter).expect("it is plain data");
            match wait(self.journal.save(&key, 0, Some(&bytes), Durability::OnDisk)) {
                // It is there already: an earlier attempt wrote it.
                Ok(_) | Err(journal::Error::Conflict) => {}
                Err(error) => return Err(error),
            }
            let now = self.clock.now();
            let held = &mut self.consumers[place];
            held.value.burying.remove(0);
            held.value.dead += 1;
            held.value.open.remove(&letter.seq);
            if !held.value.rearmed.remove(&letter.seq) {
                if held.ahead.front().is_some_and(|entry| entry.seq == letter.seq) {
                    held.ahead.pop_front();
                }
                held.move_to(letter.seq, letter.event_id.parse().ok(), now);
            }
            held.dirty = true;
            self.save(place, Durability::OnDisk)?;
            self.tell_death(&letter);
        }
        Ok(())
    }

    pub(super) fn tell_death(&self, letter: &DeadLetter) {
        log(format_args!("{letter}"));
        if let Some(app) = self.app.upgrade() {
            std::thread::spawn({
                let letter = letter.clone();
                move || drop(delivery_failed::call(&app, &letter).wait())
            });
        }
    }
}

enum Next {
    Wait(Duration),
    Pause,
    Hold,
    Bury,
}

enum Class {
    Unknown,
    Outage(Option<Duration>),
    Dead,
    Stop,
    Hold,
}

impl Problem {
    fn class(&self) -> Class {
        match self {
            Self::Failed(failure) => match FailureClass::of(failure) {
                FailureClass::Retry(delay) => Class::Outage(delay),
                FailureClass::Rejected => Class::Dead,
                FailureClass::Stop => Class::Stop,
                _ => Class::Unknown,
            },
            Self::TimedOut(_) => Class::Unknown,
            Self::Undecodable(_) => Class::Dead,
            Self::Newer { .. } => Class::Hold,
            Self::NotCalled(_) => Class::Outage(None),
        }
    }

    fn to_line(&self) -> String {
        match self {
            Self::Failed(failure) => cause_line(failure),
            Self::TimedOut(timeout) => format!("the call took longer than {} s", timeout.as_secs()),
            Self::Undecodable(reason) | Self::NotCalled(reason) => reason.clone(),
            Self::Newer { found, known } => format!(
                "the event has version {found}, and this program knows version {known}: it is delivered by a newer program"
            ),
        }
    }
}

/// The causes alone: who failed is known where the text is shown.
fn cause_line(failure: &Failure) -> String {
    error_line(failure.cause())
}

impl Open {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self { attempts: 0, crashes: 0, first: now, due: now, error: String::new() }
    }
}
