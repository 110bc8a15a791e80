//! What becomes of an event that wasn't delivered: it waits, or it is a dead letter.

use chrono::{DateTime, Utc};
use event_core::Durability;
use event_core::plugin::report;

use crate::dead_letter::{self, DeadLetter, cut};
use crate::delivery::clock::later;
use crate::delivery::consumer::State;
use crate::delivery::engine::Engine;
use crate::delivery::lanes::Failed;
use crate::delivery::next::Next;
use crate::delivery::saving::{by_any_process, wait};
use crate::delivery::value::Open;
use crate::delivery_failed;
use crate::journal::{self, Entry};
use crate::log::log;

impl Engine {
    /// An event wasn't delivered.
    pub(super) fn failed(&mut self, place: usize, failed: Failed) {
        let now = self.clock.now();
        let Failed { lane, entry, problem, next, attempts, first } = failed;
        if problem.was_called() && self.is_recorded(place, entry.seq).unwrap_or_default() {
            self.delivered(place, entry.seq);
            return self.consumers[place].lanes.remove(entry.seq);
        }
        let text = problem.to_line();
        let was_suspect = self.suspect_has_ended(place, entry.seq);
        let held = &mut self.consumers[place];
        held.failed.insert(entry.seq, lane);
        let open = held.value.open.entry(entry.seq).or_insert_with(|| Open::new(now));
        (open.attempts, open.first, open.error) = (attempts, first, cut(text.clone()));
        (open.due, open.said) = (now, Some(now));
        held.dirty = true;
        match next {
            Next::Wait(pause) => open.due = later(now, pause),
            Next::Pause => {
                log(format_args!(
                    "`{}` is paused: {text}; nothing is lost, and `resume` or a restart lets it go on",
                    held.name()
                ));
                held.set_paused(Some(cut(text)));
            }
            Next::Hold => {
                log(format_args!("`{}` waits: {text}", held.name()));
                held.set(State::Held(text));
            }
            Next::Bury => {
                if let Err(error) = self.bury_entry(place, &entry, text) {
                    self.journal_failed(place, &error);
                }
            }
        }
        if was_suspect {
            // Or it would count as one in whose call the process died, if that dies after the call.
            self.save_now(place, Durability::Enqueued);
        }
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
        // The process that finishes this knows by that what isn't done below the event.
        held.value.open.entry(entry.seq).or_insert(open);
        if !held.value.rearmed.contains(&entry.seq) {
            held.value.frontier = held.value.frontier.max(entry.seq);
        }
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
            // Since the value announces the letter, the event can't be recorded any more.
            let is_done = self.is_recorded(place, letter.seq)?;
            if !is_done {
                self.write_letter(&letter)?;
                self.tell_death(&letter);
            }
            let now = self.clock.now();
            let held = &mut self.consumers[place];
            held.value.burying.remove(0);
            let counted = if is_done { &mut held.value.delivered } else { &mut held.value.dead };
            *counted += 1;
            held.ahead.retain(|entry| entry.seq != letter.seq);
            held.done(letter.seq, now);
            held.advance();
            let saved = self.save(place, Durability::OnDisk);
            self.consumers[place].lanes.remove(letter.seq);
            saved?;
        }
        Ok(())
    }

    fn write_letter(&self, letter: &DeadLetter) -> journal::Result<()> {
        let key = dead_letter::key(&letter.consumer, letter.seq);
        let bytes = serde_json::to_vec(letter).expect("it is plain data");
        // It may be there already, by an earlier attempt.
        by_any_process(wait(|| self.journal.save(&key, 0, Some(&bytes), Durability::OnDisk)))
    }

    fn tell_death(&mut self, letter: &DeadLetter) {
        log(format_args!("{letter}"));
        let letter = letter.clone();
        self.tell(move |app| drop(delivery_failed::call(app, &letter).wait()));
    }

    /// The failure handler hears of every death; of this one no call can tell it.
    pub(super) fn report_death(&mut self, place: usize, entry: &Entry, reason: String) {
        let consumer = self.consumers[place].consumer.clone();
        let entry = entry.clone();
        self.tell(move |app| {
            let (name, id) = match &entry.event {
                Ok(event) => (&event.name, event.id),
                Err(odd) => (&odd.name, odd.id.parse().unwrap_or_default()),
            };
            report(app, &consumer.failure(name, id, reason));
        });
    }
}

impl Open {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self { attempts: 0, crashes: 0, first: now, due: now, said: None, error: String::new() }
    }
}
