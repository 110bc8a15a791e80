//! How a consumer gets another name: `durable(renamed_from = "…")`.
//!
//! Its value becomes a tombstone first, by compare-and-set, with the value in it. That fences the process that has it: what it saves
//! under the old name is refused. Then what belongs to it moves, and at last the value itself. A process that ends between leaves the
//! tombstone, from which the next one goes on. Whether the old process is dead is found out as always: the value has its owner, and
//! under the new name nothing is called before it has stood still for a lease.

use event_core::Durability;
use event_core::plugin::{Consumer, StartsFrom};

use crate::dead_letter::{self, DeadLetter};
use crate::delivery::command::{self, Refused};
use crate::delivery::consumer;
use crate::delivery::done;
use crate::delivery::engine::Engine;
use crate::delivery::saving::{by_any_process, wait, wait_all};
use crate::delivery::tombstone::Tombstone;
use crate::delivery::value::{self, Value};
use crate::journal::{self, Error, Journal, Saved};
use crate::log::log;

/// How many values are moved at once.
const CHUNK: usize = 500;

/// What the journal has of a consumer of this program.
pub(super) struct Loaded {
    pub(super) value: Value,
    pub(super) version: u64,
    /// If it isn't there under this name any more. The value is that of a new one then.
    pub(super) tombstone: Option<Tombstone>,
}

/// The value of a consumer: its own, that of its old name, or a new one at the place where it begins.
///
/// # Errors
/// The inner one, if the value can't be read.
pub(super) fn load_or_create(
    journal: &dyn Journal,
    consumer: &Consumer,
    log_identity: &str,
    end: u64,
) -> journal::Result<Result<Loaded, String>> {
    let (name, key) = (consumer.name(), value::key(consumer.name()));
    let new = || new_value(consumer, log_identity, end);
    let mut found = wait(|| journal.load(&key))?;
    if let Some(old) = consumer.renamed_from()
        && found.as_ref().is_none_or(|saved| was_renamed_to(saved, &old))
    {
        take_over(journal, &old, name, None)?;
        found = wait(|| journal.load(&key))?;
    }
    if found.is_none() {
        let bytes = new().to_bytes();
        by_any_process(wait(|| journal.save(&key, 0, Some(&bytes), Durability::OnDisk)))?;
        found = wait(|| journal.load(&key))?;
    }
    let Saved { version, value } = found.ok_or(Error::Conflict)?;
    if let Some(tombstone) = Tombstone::read(&value) {
        return Ok(Ok(Loaded { value: new(), version, tombstone: Some(tombstone) }));
    }
    Ok(Value::read(&value).map(|value| Loaded { value, version, tombstone: None }))
}

fn new_value(consumer: &Consumer, log_identity: &str, end: u64) -> Value {
    let begin = match consumer.starts_from() {
        StartsFrom::Start => 0,
        StartsFrom::Now => end,
    };
    Value::new(log_identity.to_owned(), begin, consumer::names(consumer))
}

/// A deploy that was taken back has given it its old name again.
fn was_renamed_to(saved: &Saved, name: &str) -> bool {
    matches!(Tombstone::read(&saved.value), Some(Tombstone::Renamed { to, .. }) if to == name)
}

/// Gives a consumer another name, with what belongs to it; and these names of events that it hears, if there are some. Gives
/// whether there was one to be renamed.
fn take_over(
    journal: &dyn Journal,
    from: &str,
    to: &str,
    hears: Option<Vec<String>>,
) -> journal::Result<bool> {
    let left = leave_tombstone(journal, from, to)?;
    let key = value::key(to);
    let saved = wait(|| journal.load(&key))?;
    let there = match saved.as_ref().map(|saved| Tombstone::read(&saved.value)) {
        // It is there already.
        Some(None) => return Ok(true),
        // It had got its old name, and the process ended in the middle of that.
        Some(Some(Tombstone::Renamed { to: back, value })) if back == from => value,
        Some(Some(_)) | None => None,
    };
    let newest = left.into_iter().chain(there).max_by_key(|value| value.epoch);
    let Some(mut value) = newest else { return Ok(false) };
    if hears.is_some() {
        value.names = hears;
    }
    for letter in &mut value.burying {
        to.clone_into(&mut letter.consumer);
    }
    move_one(journal, &done::key(from), &done::key(to))?;
    let letters = move_all(journal, &dead_letter::prefix(from), &dead_letter::prefix(to), |bytes| {
        renamed_letter(&bytes, to).unwrap_or(bytes)
    })?;
    move_all(journal, &command::key(from, ""), &command::key(to, ""), |bytes| bytes)?;
    let bytes = value.to_bytes();
    let version = saved.map_or(0, |saved| saved.version);
    match wait(|| journal.save(&key, version, Some(&bytes), Durability::OnDisk)) {
        Ok(_) => log(format_args!("`{to}` goes on from where `{from}` was, with its {letters} dead letters")),
        // A process that starts beside this one has done it.
        Err(Error::Conflict) => {}
        Err(error) => return Err(error),
    }
    Ok(true)
}

/// The value of a consumer that is to be renamed; `None` if there is none, or it has got yet another name. From now on no process can
/// save one under the old name.
fn leave_tombstone(journal: &dyn Journal, from: &str, to: &str) -> journal::Result<Option<Box<Value>>> {
    let key = value::key(from);
    loop {
        let saved = wait(|| journal.load(&key))?;
        let version = saved.as_ref().map_or(0, |saved| saved.version);
        match saved.as_ref().and_then(|saved| Tombstone::read(&saved.value)) {
            Some(Tombstone::Renamed { to: other, value }) if other == to => return Ok(value),
            Some(_) => return Ok(None),
            None => {}
        }
        let value = match saved.map(|saved| Value::read(&saved.value)) {
            None => None,
            Some(Ok(mut value)) => {
                // What is about to be done under the old name is refused.
                value.epoch += 1;
                Some(Box::new(value))
            }
            Some(Err(reason)) => {
                log(format_args!("`{to}` can't go on from where `{from}` was: {reason}"));
                return Ok(None);
            }
        };
        let bytes = Tombstone::Renamed { to: to.to_owned(), value: value.clone() }.to_bytes();
        match wait(|| journal.save(&key, version, Some(&bytes), Durability::OnDisk)) {
            Ok(_) => return Ok(value),
            // Its owner has saved it meanwhile.
            Err(Error::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
}

fn renamed_letter(bytes: &[u8], to: &str) -> Option<Vec<u8>> {
    let mut letter: DeadLetter = serde_json::from_slice(bytes).ok()?;
    to.clone_into(&mut letter.consumer);
    serde_json::to_vec(&letter).ok()
}

/// Moves the values whose keys begin so; gives how many there were.
fn move_all(
    journal: &dyn Journal,
    from: &str,
    to: &str,
    change: impl Fn(Vec<u8>) -> Vec<u8>,
) -> journal::Result<usize> {
    let mut count = 0;
    loop {
        let listed = wait(|| journal.list(from, "", CHUNK))?;
        if listed.is_empty() {
            return Ok(count);
        }
        count += listed.len();
        let (old, new): (Vec<_>, Vec<_>) = listed
            .into_iter()
            .map(|(key, Saved { version, value })| {
                let new = format!("{to}{}", key.strip_prefix(from).unwrap_or(&key));
                ((key, version), (new, change(value)))
            })
            .unzip();
        let copies = new.iter().map(|(key, value)| journal.save(key, 0, Some(value), Durability::OnDisk));
        for copied in wait_all(copies) {
            by_any_process(copied)?;
        }
        let removals = old.iter().map(|(key, version)| journal.save(key, *version, None, Durability::OnDisk));
        for removed in wait_all(removals) {
            by_any_process(removed)?;
        }
    }
}

/// Moves a value, if it is there, to where another one may be.
fn move_one(journal: &dyn Journal, from: &str, to: &str) -> journal::Result<()> {
    // In this order: where another process has moved it, and it was saved again there, the version tells.
    let there = wait(|| journal.load(to))?.map_or(0, |saved| saved.version);
    let Some(old) = wait(|| journal.load(from))? else { return Ok(()) };
    for (key, version, value) in [(to, there, Some(&*old.value)), (from, old.version, None)] {
        by_any_process(wait(|| journal.save(key, version, value, Durability::OnDisk)))?;
    }
    Ok(())
}

impl Engine {
    /// Makes a consumer anew that was removed, or gives it its old name again, since this program is the right one.
    pub(super) fn adopt_gone(&mut self, place: usize, tombstone: &Tombstone) -> Result<(), Refused> {
        let held = &self.consumers[place];
        match tombstone {
            Tombstone::Renamed { to, .. } => {
                let hears = consumer::names(&held.consumer);
                let from = self.last_name(to, held.name()).map_err(Refused::Journal)?;
                let taken = take_over(&*self.journal, &from, held.name(), Some(hears));
                if !taken.map_err(Refused::Journal)? {
                    let reason = format!("`{from}`, as it was renamed, is gone: start this program anew");
                    return Err(Refused::ByOwner(reason));
                }
            }
            Tombstone::Removed => {
                let end = wait(|| self.journal.end()).map_err(Refused::Journal)?;
                let bytes = new_value(&held.consumer, &self.log_identity, end).to_bytes();
                wait(|| self.journal.save(&held.key, held.version, Some(&bytes), Durability::OnDisk))
                    .map_err(Refused::Journal)?;
            }
        }
        // It is taken as one that another process has saved.
        self.watched_at = None;
        self.watch_owners();
        Ok(())
    }

    /// The name that a consumer has now which was renamed to this one.
    fn last_name(&self, name: &str, asked_by: &str) -> journal::Result<String> {
        let mut name = name.to_owned();
        loop {
            let key = value::key(&name);
            let saved = wait(|| self.journal.load(&key))?;
            match saved.and_then(|saved| Tombstone::read(&saved.value)) {
                Some(Tombstone::Renamed { to, .. }) if to != asked_by => name = to,
                _ => return Ok(name),
            }
        }
    }
}
