//! Dead letters that are delivered again, or dropped: some at a time, so that neither the consumer's value nor the memory grows with
//! them.
//!
//! A letter is delivered again in three steps: the consumer's value says so, the letter is removed, and the event is called. How far
//! a command has got that is about many is saved with the removals. So whichever process goes on, it finds each letter either in
//! its place or in the consumer's value.

use std::collections::BTreeSet;

use event_core::Durability;

use crate::dead_letter::{self, DeadLetter};
use crate::delivery::commands::{Step, Task};
use crate::delivery::engine::Engine;
use crate::delivery::letters::Letters;
use crate::delivery::saving::{by_any_process, read_next, wait, wait_all};
use crate::journal::{self, Entry, Filter};

/// How many letters are looked at, and are delivered again at the same time, at most.
const CHUNK: usize = 100;
/// Events that are no further from each other than this are read together.
const NEAR: u64 = 8;

/// Some of the letters that a command is about.
struct Found {
    letters: Vec<DeadLetter>,
    /// The versions of their values.
    versions: Vec<u64>,
    /// Up to which letter was looked.
    upto: u64,
    has_more: bool,
}

impl Engine {
    /// Dead letters are delivered again: in the consumer's value first, so that a crash loses neither.
    pub(super) fn retry_some(
        &mut self,
        place: usize,
        letters: &Letters,
        task: &mut Task,
    ) -> journal::Result<Step> {
        if !letters.is_one() && self.consumers[place].value.rearmed.len() >= CHUNK {
            return Ok(Step::Waits);
        }
        let mut found = self.next_letters(letters, task)?;
        let there: BTreeSet<_> = self.read_these(&found.seqs())?.into_iter().map(|entry| entry.seq).collect();
        if letters.is_one()
            && let Some(letter) = found.letters.iter().find(|letter| !there.contains(&letter.seq))
        {
            let next = read_next(&*self.journal, letter.seq)?;
            let first = next.entries.first().map_or(letter.seq + 1, |entry| entry.seq);
            return Err(journal::Error::Gone { first });
        }
        found.retain(|letter| there.contains(&letter.seq));
        if !found.letters.is_empty() {
            let held = &mut self.consumers[place];
            for seq in found.seqs() {
                if held.value.rearmed.insert(seq) {
                    held.value.open.remove(&seq);
                }
            }
            held.dirty = true;
            self.save(place, Durability::OnDisk)?;
            // What holds it may not hold these events.
            self.stand_by_or_go_on(place);
        }
        let step = task.went_on(found.letters.len() as u64, found.upto, found.has_more, letters);
        if let Err(error) = self.remove_letters(&found, task) {
            self.consumers[place].letters_of_rearmed.extend(found.seqs());
            return Err(error);
        }
        Ok(step)
    }

    pub(super) fn drop_some(&mut self, letters: &Letters, task: &mut Task) -> journal::Result<Step> {
        let found = self.next_letters(letters, task)?;
        let before = (task.count, task.after);
        let step = task.went_on(found.letters.len() as u64, found.upto, found.has_more, letters);
        let removed = self.remove_letters(&found, task);
        if removed.is_err() {
            (task.count, task.after) = before;
        }
        removed.map(|()| step)
    }

    /// The next letters that are meant.
    fn next_letters(&self, letters: &Letters, task: &Task) -> journal::Result<Found> {
        let (prefix, after) = (dead_letter::prefix(&task.consumer), task.after.max(letters.after()));
        let most =
            if letters.is_one() { 1 } else { CHUNK.min(letters.rate().map_or(CHUNK, |rate| rate as usize)) };
        let key = dead_letter::key(&task.consumer, after);
        let listed = wait(|| self.journal.list(&prefix, &key, most))?;
        let upto = listed.last().and_then(|(key, _)| dead_letter::seq_of(key)).unwrap_or(after);
        let has_more = listed.len() == most && !letters.is_one();
        let mut found = Found { letters: Vec::new(), versions: Vec::new(), upto, has_more };
        for (_, saved) in listed {
            // One that can't be read is another version's.
            let Ok(letter) = serde_json::from_slice::<DeadLetter>(&saved.value) else { continue };
            if letters.includes(&letter) {
                found.letters.push(letter);
                found.versions.push(saved.version);
            }
        }
        Ok(found)
    }

    /// Removes letters, and saves with that how far their command has got.
    fn remove_letters(&self, found: &Found, task: &mut Task) -> journal::Result<()> {
        let keys: Vec<_> =
            found.letters.iter().map(|letter| dead_letter::key(&letter.consumer, letter.seq)).collect();
        let progress = task.saved.as_ref().map(|(key, version)| (key.as_str(), *version, task.to_bytes()));
        let removals = keys.iter().zip(&found.versions).map(|(key, version)| (key.as_str(), *version, None));
        let progress = progress.as_ref().map(|(key, version, bytes)| (*key, *version, Some(&**bytes)));
        let asks = removals.chain(progress);
        let asks =
            asks.map(|(key, version, value)| self.journal.save(key, version, value, Durability::OnDisk));
        let mut saved = wait_all(asks);
        let progress = saved.split_off(keys.len()).pop();
        for removed in saved {
            by_any_process(removed)?;
        }
        match (progress, &mut task.saved) {
            (Some(Err(journal::Error::Conflict)), _) => {
                let bytes = task.to_bytes();
                self.save_task(task, Some(&bytes))
            }
            (Some(new), Some((_, version))) => new.map(|new| *version = new),
            _ => Ok(()),
        }
    }

    /// Removes the letters of events that are delivered again: one is still there if the process ended before it was removed.
    pub(super) fn remove_letters_of_rearmed(&mut self, place: usize) -> journal::Result<()> {
        let held = &self.consumers[place];
        let mut letters = Vec::new();
        for seq in &held.letters_of_rearmed {
            let key = dead_letter::key(held.name(), *seq);
            if let Some(saved) = wait(|| self.journal.load(&key))? {
                letters.push((key, saved.version));
            }
        }
        if !letters.is_empty() {
            // What was loaded is of the time in which this process was the owner, or this is refused: a letter that another owner
            // has written since has another version.
            self.save(place, Durability::Enqueued)?;
        }
        let removals =
            letters.iter().map(|(key, version)| self.journal.save(key, *version, None, Durability::OnDisk));
        wait_all(removals).into_iter().try_for_each(by_any_process)?;
        self.consumers[place].letters_of_rearmed.clear();
        Ok(())
    }

    /// The events at these places, which are in order, without those that are gone.
    pub(super) fn read_these(&self, seqs: &[u64]) -> journal::Result<Vec<Entry>> {
        let mut entries = Vec::with_capacity(seqs.len());
        let mut left = seqs;
        while let Some(first) = left.first().copied() {
            let near = left.windows(2).take_while(|pair| pair[1] - pair[0] <= NEAR).count();
            let last = left[near];
            let filter = Filter { before: last.checked_add(1), ..Filter::all() };
            let most = usize::try_from(last - first + 1).unwrap_or(usize::MAX);
            let upto = match wait(|| self.journal.read(first - 1, &filter, most)) {
                Ok(page) => {
                    let is_meant = |entry: &Entry| left.binary_search(&entry.seq).is_ok();
                    entries.extend(page.entries.into_iter().filter(is_meant));
                    page.upto
                }
                Err(journal::Error::Gone { first }) => first - 1,
                Err(error) => return Err(error),
            };
            left = &left[left.partition_point(|seq| *seq <= upto.clamp(first, last))..];
        }
        Ok(entries)
    }
}

impl Found {
    fn seqs(&self) -> Vec<u64> {
        self.letters.iter().map(|letter| letter.seq).collect()
    }

    fn retain(&mut self, keep: impl Fn(&DeadLetter) -> bool) {
        let mut kept = self.letters.iter().map(&keep);
        self.versions.retain(|_| kept.next().unwrap_or_default());
        self.letters.retain(keep);
    }
}
