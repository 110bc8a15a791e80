//! How the engine ends.

use std::time::{Duration, Instant};

use event_core::Durability;
use event_core::plugin::error_line;

use crate::delivery::command::Refused;
use crate::delivery::consumer::Ownership;
use crate::delivery::engine::{Engine, Message};
use crate::delivery::next::ABANDONED;
use crate::delivery::value::Open;
use crate::log::log;

/// Longer than that is for ever.
const A_YEAR: Duration = Duration::from_hours(24 * 365);

impl Engine {
    /// Lets running calls end, saves, and gives the names of the consumers whose calls were abandoned.
    pub(super) fn stop(&mut self, longest: Duration) -> Vec<String> {
        let deadline = Instant::now() + longest.min(A_YEAR);
        for held in &self.consumers {
            held.lanes.end();
        }
        while self.teller.is_busy() || self.consumers.iter().any(|held| held.lanes.is_running()) {
            match self.inbox.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Message::Request(request)) => request.refuse(),
                Ok(Message::Told) => self.teller.told(),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        let mut abandoned = Vec::new();
        for place in 0..self.consumers.len() {
            self.take_outcomes(place);
            let held = &mut self.consumers[place];
            let has_moved = held.dirty || held.value.position > held.saved_position;
            if held.is_theirs() || held.lease.ownership == Ownership::Free && !has_moved {
                continue;
            }
            if held.lease.ownership == Ownership::Free {
                held.claim(self.owner);
            }
            let calling = held.lanes.calling();
            // What still runs may go on for a lease.
            held.value.released = calling.is_empty();
            if !calling.is_empty() {
                abandoned.push(held.name().to_owned());
            }
            for (seq, began) in calling {
                let held = &mut self.consumers[place];
                let open = held.value.open.entry(seq).or_insert_with(|| Open::new(began));
                if open.attempts == 0 {
                    open.first = began;
                }
                open.attempts += 1;
                ABANDONED.clone_into(&mut open.error);
                self.suspect_has_ended(place, seq);
            }
            let held = &mut self.consumers[place];
            // Those of a process that died which this one hasn't called are still called one at a time.
            held.value.clean = !held.has_suspects();
            if let Err(error) = self.save(place, Durability::OnDisk) {
                let held = &self.consumers[place];
                log(format_args!(
                    "failed to save how far `{}` has got: {}; what it has delivered since the last save is delivered again",
                    held.name(),
                    error_line(&error)
                ));
            }
        }
        for held in &self.consumers {
            held.lanes.abandon();
        }
        for task in std::mem::take(&mut self.tasks) {
            task.refuse();
        }
        for sender in std::mem::take(&mut self.settling) {
            let _ = sender.send(Err(Refused::Stopped));
        }
        abandoned
    }
}
