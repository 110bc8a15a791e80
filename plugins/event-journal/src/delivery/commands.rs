//! What operators want of a consumer, done by the process that delivers to it.
//!
//! A command that this process was given for a consumer of its own is done at once. One for another process's, and one that takes
//! long, is saved in the journal; the owner does it, and saves the answer there. An owner that dies before leaves it to the next one.

use std::time::Duration;

use chrono::{DateTime, Utc};
use event_core::Durability;
use event_core::plugin::error_line;
use uuid::Uuid;

use crate::delivery::command::{self, Command, Refused, SavedCommand, Sender};
use crate::delivery::consumer::State;
use crate::delivery::engine::Engine;
use crate::delivery::leases::Moment;
use crate::delivery::letters::Letters;
use crate::delivery::saving::wait;
use crate::delivery::tombstone::Tombstone;
use crate::delivery::value;
use crate::journal::{self, Saved};

/// How long an answer stays for the one who asked.
const ANSWERS_STAY: i64 = 60;

/// A command that this process does, or waits for.
pub(crate) struct Task {
    pub(super) consumer: String,
    command: Command,
    /// When it was given.
    given: DateTime<Utc>,
    /// Where it is saved, and with which version, if it is.
    pub(super) saved: Option<(String, u64)>,
    sender: Option<Sender<u64>>,
    /// How many letters or events it was done to.
    pub(super) count: u64,
    /// Up to which letter.
    pub(super) after: u64,
    /// It goes on then.
    at: Moment,
    /// Since when this process waits for another one to do it.
    since: Moment,
}

/// What one step of a command has brought.
pub(super) enum Step {
    /// It is done, or refused.
    Ended(Result<u64, Refused>),
    /// It goes on now, or after this time.
    More(Duration),
    /// It goes on when something has ended.
    Waits,
}

impl Engine {
    /// A command of this process.
    pub(super) fn command(&mut self, consumer: String, command: Command, sender: Sender<u64>) {
        let mut task = self.task(consumer, command, self.clock.now());
        task.sender = Some(sender);
        let owned = self.owned(&task.consumer);
        if owned.is_none()
            && let Err(refused) = self.check_known(&task.consumer)
        {
            return task.answer(Err(refused));
        }
        if owned.is_none() || task.command.takes_long() {
            match self.save_command(&task) {
                Ok(saved) => task.saved = Some(saved),
                Err(error) => return task.answer(Err(Refused::Journal(error))),
            }
        }
        self.tasks.push(task);
        self.work_on_commands();
    }

    fn task(&self, consumer: String, command: Command, given: DateTime<Utc>) -> Task {
        let (at, since) = (self.moment(), self.moment());
        Task { consumer, command, given, saved: None, sender: None, count: 0, after: 0, at, since }
    }

    /// The consumer of this name, if this process delivers to it, or can.
    fn owned(&self, consumer: &str) -> Option<usize> {
        let place = self.of_name(consumer).ok()?;
        let held = &self.consumers[place];
        (held.caller.tries.deliver && !held.is_theirs()).then_some(place)
    }

    fn check_known(&self, consumer: &str) -> Result<(), Refused> {
        let unknown = match self.of_name(consumer) {
            Ok(place) => match &self.consumers[place].tombstone {
                Some(tombstone) => return Err(Refused::ByOwner(tombstone.reason(consumer))),
                None => return Ok(()),
            },
            Err(unknown) => unknown,
        };
        let key = value::key(consumer);
        match wait(|| self.journal.load(&key)) {
            Ok(Some(saved)) if Tombstone::read(&saved.value).is_none() => Ok(()),
            Ok(_) => Err(unknown),
            Err(error) => Err(Refused::Journal(error)),
        }
    }

    fn save_command(&self, task: &Task) -> journal::Result<(String, u64)> {
        let key = command::key(&task.consumer, &Uuid::now_v7().to_string());
        let bytes = task.to_bytes();
        let version = wait(|| self.journal.save(&key, 0, Some(&bytes), Durability::OnDisk))?;
        Ok((key, version))
    }

    /// Looks at the commands in the journal: those for this process, and answers for it.
    pub(super) fn watch_commands(&mut self) {
        let Ok(listed) = self.list_all("command/") else { return };
        for (key, saved) in listed {
            // Of a newer version, it is for a newer program.
            let Ok(read) = serde_json::from_slice::<SavedCommand>(&saved.value) else { continue };
            let known =
                self.tasks.iter_mut().find(|task| task.saved.as_ref().is_some_and(|(own, _)| *own == key));
            match (&read.answer, known) {
                (Some(answer), Some(task)) => {
                    task.answer(answer.clone().map_err(Refused::ByOwner));
                    let _ = wait(|| self.journal.save(&key, saved.version, None, Durability::Enqueued));
                }
                (Some(_), None) if (self.clock.now() - read.at).num_seconds() > ANSWERS_STAY => {
                    let _ = wait(|| self.journal.save(&key, saved.version, None, Durability::Enqueued));
                }
                (None, None) => self.take_command(key, &saved, read),
                _ => {}
            }
        }
        self.tasks.retain(|task| !task.is_answered());
    }

    fn take_command(&mut self, key: String, saved: &Saved, read: SavedCommand) {
        let Some(consumer) = command::consumer_of(&key).map(str::to_owned) else { return };
        if self.owned(&consumer).is_some() {
            let mut task = self.task(consumer, read.command, read.at);
            (task.count, task.after) = (read.count, read.after);
            task.saved = Some((key, saved.version));
            self.tasks.push(task);
        }
    }

    /// Goes on with what can be done.
    pub(super) fn work_on_commands(&mut self) {
        let now = self.moment();
        for mut task in std::mem::take(&mut self.tasks) {
            let Some(place) = self.owned(&task.consumer) else {
                // Its owner answers. One that was another process's wish is the next owner's.
                if task.sender.is_none() {
                    continue;
                }
                if task.since + self.lease * 2 <= now {
                    task.answer(Err(Refused::Later));
                } else {
                    self.tasks.push(task);
                }
                continue;
            };
            task.since = now;
            if task.at > now {
                self.tasks.push(task);
                continue;
            }
            match self.try_step_of(place, &mut task) {
                Step::Ended(answer) => self.answer_task(&mut task, answer),
                Step::More(pause) => {
                    task.at = now + pause;
                    if pause.is_zero() {
                        self.waker.wake_by_ref();
                    }
                    self.tasks.push(task);
                }
                Step::Waits => self.tasks.push(task),
            }
        }
    }

    /// How long until a command goes on.
    pub(super) fn until_command(&self) -> Option<Duration> {
        let now = self.moment();
        let next =
            self.tasks.iter().filter(|task| task.at > now).map(|task| task.at.saturating_sub(now)).min()?;
        self.until_watch().map(|_| next)
    }

    /// Saves the answer for another process, or gives it to this one's.
    fn answer_task(&mut self, task: &mut Task, answer: Result<u64, Refused>) {
        if task.saved.is_some() {
            // The one who asked is in this process, or looks for it.
            let bytes = task.sender.is_none().then(|| {
                let answer = answer.as_ref().map(|count| *count).map_err(|refused| error_line(refused));
                SavedCommand { answer: Some(answer), at: self.clock.now(), ..task.to_saved() }.to_bytes()
            });
            // If it can't be saved, it is done once more, which changes nothing.
            let _ = self.save_task(task, bytes.as_deref());
        }
        task.answer(answer);
    }

    /// Saves how far a command has got that is in the journal, or its answer; or removes it.
    pub(super) fn save_task(&self, task: &mut Task, bytes: Option<&[u8]>) -> journal::Result<()> {
        let Some((key, version)) = &mut task.saved else { return Ok(()) };
        let save = |version| wait(|| self.journal.save(key, version, bytes, Durability::OnDisk));
        match save(*version) {
            // An earlier save had happened, as it turns out; or another process does the command now.
            Err(journal::Error::Conflict) => {}
            saved => return saved.map(|saved| *version = saved),
        }
        let Some(found) = wait(|| self.journal.load(key))? else { return Ok(()) };
        let read = serde_json::from_slice::<SavedCommand>(&found.value).ok();
        if read.is_some_and(|read| read.answer.is_none() && read.after <= task.after) {
            *version = save(found.version)?;
        }
        Ok(())
    }

    fn try_step_of(&mut self, place: usize, task: &mut Task) -> Step {
        self.step_of(place, task).unwrap_or_else(|error| {
            // An event that is gone is no reason to hold others up.
            if !matches!(error, journal::Error::Gone { .. }) {
                self.journal_failed(place, &error);
            }
            // What is saved is tried again, by whichever process is the owner then.
            match (&error, &task.saved) {
                (journal::Error::Unavailable(_), Some(_)) => Step::More(self.lease / 5),
                (journal::Error::Conflict, Some(_)) => Step::Waits,
                _ => Step::Ended(Err(Refused::Journal(error))),
            }
        })
    }

    fn step_of(&mut self, place: usize, task: &mut Task) -> journal::Result<Step> {
        match task.command.clone() {
            Command::Pause(reason) => self.save_paused(place, Some(reason))?,
            Command::Resume => {
                self.save_paused(place, None)?;
                self.stand_by_or_go_on(place);
            }
            Command::Retry(letters) => return self.retry_some(place, &letters, task),
            Command::Drop(letters) => return self.drop_some(&letters, task),
            Command::Replay { after } => return self.replay(place, after),
            Command::Skip { seq, reason } => return self.skip(place, seq, &reason),
        }
        Ok(Step::Ended(Ok(1)))
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

    /// Delivers again what comes after this place. What is called ends first.
    fn replay(&mut self, place: usize, after: u64) -> journal::Result<Step> {
        let end = wait(|| self.journal.end())?;
        self.finish_burying(place)?;
        self.remove_letters_of_rearmed(place)?;
        let held = &mut self.consumers[place];
        held.lanes.pause(true);
        if held.lanes.is_running() {
            return Ok(Step::Waits);
        }
        self.take_outcomes(place);
        let held = &mut self.consumers[place];
        let position = after.min(end);
        (held.value.position, held.value.frontier, held.value.scanned) = (position, position, position);
        (held.value.last_seq, held.value.last_id) = (0, None);
        // What was recorded as done, or is about to be by a call that was given up, is called again.
        (held.value.round, held.value.epoch) = (Uuid::new_v4(), held.value.epoch + 1);
        held.value.open.retain(|seq, _| *seq <= position && held.value.rearmed.contains(seq));
        held.value.rearmed.retain(|seq| *seq <= position);
        (held.suspect_upto, held.suspect_called) = (0, None);
        held.suspect_rearmed.clear();
        held.dirty = true;
        held.forget();
        held.set(State::Active);
        self.save(place, Durability::OnDisk)?;
        Ok(Step::Ended(Ok(end - position)))
    }

    /// An event that waits is a dead letter, without another try.
    fn skip(&mut self, place: usize, seq: u64, reason: &str) -> journal::Result<Step> {
        let held = &self.consumers[place];
        let is_called = held.lanes.is_called(seq);
        let waits = held.window.undone_upto(seq).last() == Some(seq) || held.value.rearmed.contains(&seq);
        if is_called || !waits {
            return Ok(Step::Ended(Err(Refused::NotWaiting { seq })));
        }
        let Some(entry) = self.read_one(seq)? else {
            return Ok(Step::Ended(Err(Refused::NotWaiting { seq })));
        };
        self.bury_entry(place, &entry, format!("skipped by hand: {reason}"))?;
        let held = &mut self.consumers[place];
        if matches!(held.state, State::Held(_)) {
            held.set(State::Active);
        }
        Ok(Step::Ended(Ok(1)))
    }
}

impl Task {
    fn answer(&mut self, answer: Result<u64, Refused>) {
        if let Some(sender) = self.sender.take() {
            let _ = sender.send(answer);
        }
        self.saved = None;
    }

    fn is_answered(&self) -> bool {
        self.sender.is_none() && self.saved.is_none()
    }

    /// It was done to so many letters, up to this one.
    pub(super) fn went_on(&mut self, count: u64, upto: u64, has_more: bool, letters: &Letters) -> Step {
        self.count += count;
        self.after = upto;
        match (has_more, letters.rate()) {
            (false, _) => Step::Ended(Ok(self.count)),
            (true, Some(rate)) => Step::More(Duration::from_secs(count) / rate),
            (true, None) => Step::More(Duration::ZERO),
        }
    }

    fn to_saved(&self) -> SavedCommand {
        let Self { command, given, count, after, .. } = self;
        SavedCommand { command: command.clone(), at: *given, answer: None, count: *count, after: *after }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.to_saved().to_bytes()
    }

    /// The engine ends. What is saved is the next owner's.
    pub(super) fn refuse(mut self) {
        self.answer(Err(Refused::Stopped));
    }
}

impl SavedCommand {
    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("it is plain data")
    }
}
