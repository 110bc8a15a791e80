//! Consumers that no program has any more.

use event_core::Durability;

use crate::dead_letter;
use crate::delivery::command::{self, Refused, Sender};
use crate::delivery::done;
use crate::delivery::engine::Engine;
use crate::delivery::leases::Moment;
use crate::delivery::saving::wait;
use crate::delivery::tombstone::Tombstone;
use crate::delivery::value::{self, Value};
use crate::journal;
use crate::log::log;

impl Engine {
    /// The consumers in the journal that the app doesn't have.
    pub(super) fn unknown_consumers(&self) -> journal::Result<Vec<(String, Value)>> {
        let prefix = value::key("");
        let unknown = self.list_all(&prefix)?.into_iter().filter_map(|(key, saved)| {
            let name = key.strip_prefix(&prefix)?;
            self.of_name(name).err()?;
            Some((name.to_owned(), Value::read(&saved.value).ok()?))
        });
        Ok(unknown.collect())
    }

    /// A line for each of them that no process delivers to, and that hasn't got all events.
    pub(super) fn tell_unknown_consumers(&self, end: u64) {
        // Where they can't be read, the start goes on, and fails if the journal can't be used.
        for (name, value) in self.unknown_consumers().unwrap_or_default() {
            if value.released && value.position < end {
                log(format_args!(
                    "the journal {} has a consumer `{name}` that this program doesn't have, and no process delivers to it: what came \
                     after event {} isn't delivered, and retention keeps it; if the function was renamed, give it \
                     `durable(renamed_from = \"…\")` with the old name, if it was removed, `deliveries().remove(\"{name}\")` forgets it, and if \
                     another program has it, all is well",
                    self.journal.place(),
                    value.position,
                ));
            }
        }
    }

    /// Forgets a consumer that no program has any more: its position, and its dead letters.
    pub(super) fn remove(&mut self, name: String, sender: Sender<()>) {
        if self.of_name(&name).is_ok() {
            let _ = sender.send(Err(Refused::InUse { name }));
            return;
        }
        let now = self.moment();
        match self.try_remove(&name, None) {
            Ok(Removed::Yes) => drop(sender.send(Ok(()))),
            Ok(Removed::Unknown) => {
                let known =
                    self.unknown_consumers().unwrap_or_default().into_iter().map(|(name, _)| name).collect();
                let _ = sender.send(Err(Refused::UnknownConsumer { name, known }));
            }
            // Its owner may live: that takes a lease to tell.
            Ok(Removed::MayBeAlive(version)) => {
                self.removals.push(Removal { name, version, since: now, sender });
            }
            Err(error) => drop(sender.send(Err(Refused::Journal(error)))),
        }
    }

    /// Removes the consumers whose owners have saved nothing for a lease.
    pub(super) fn go_on_removing(&mut self) {
        let now = self.moment();
        for removal in std::mem::take(&mut self.removals) {
            if now < removal.since + self.lease {
                self.removals.push(removal);
                continue;
            }
            let removed = match self.try_remove(&removal.name, Some(removal.version)) {
                Ok(Removed::Yes | Removed::Unknown) => Ok(()),
                Ok(Removed::MayBeAlive(_)) => Err(Refused::ByOwner(
                    "another process delivers to this consumer: end the program that has it first".to_owned(),
                )),
                Err(error) => Err(Refused::Journal(error)),
            };
            let _ = removal.sender.send(removed);
        }
    }

    /// `silent` is the version that the value has had for a lease.
    fn try_remove(&self, name: &str, silent: Option<u64>) -> journal::Result<Removed> {
        let key = value::key(name);
        let Some(saved) = wait(|| self.journal.load(&key))? else { return Ok(Removed::Unknown) };
        if Tombstone::read(&saved.value).is_some() {
            return Ok(Removed::Unknown);
        }
        let is_released = Value::read(&saved.value).is_ok_and(|value| value.released);
        if !is_released && silent != Some(saved.version) {
            return Ok(Removed::MayBeAlive(saved.version));
        }
        // A program that still has it is not to begin anew.
        let tombstone = Tombstone::Removed.to_bytes();
        match wait(|| self.journal.save(&key, saved.version, Some(&tombstone), Durability::OnDisk)) {
            Err(journal::Error::Conflict) => return Ok(Removed::MayBeAlive(saved.version)),
            removed => removed?,
        };
        let recorded = done::key(name);
        if let Some(saved) = wait(|| self.journal.load(&recorded))? {
            let _ = wait(|| self.journal.save(&recorded, saved.version, None, Durability::Enqueued));
        }
        for prefix in [dead_letter::prefix(name), command::key(name, "")] {
            for (key, saved) in self.list_all(&prefix)? {
                let _ = wait(|| self.journal.save(&key, saved.version, None, Durability::Enqueued));
            }
        }
        Ok(Removed::Yes)
    }
}

enum Removed {
    Yes,
    Unknown,
    MayBeAlive(u64),
}

/// A consumer that is to be removed, if its owner saves nothing for a lease.
pub(crate) struct Removal {
    name: String,
    version: u64,
    since: Moment,
    sender: Sender<()>,
}
