//! What the workers have done, and calls that take too long.

use chrono::{DateTime, Utc};
use event_core::Durability;

use crate::delivery::engine::Engine;
use crate::delivery::lanes::Outcome;
use crate::log::log;

impl Engine {
    /// What the workers have done.
    pub(super) fn take_outcomes(&mut self, place: usize) {
        let outcomes = self.consumers[place].lanes.take_outcomes();
        if outcomes.is_empty() {
            return;
        }
        for outcome in outcomes {
            match outcome {
                Outcome::Delivered(seq) => self.delivered(place, seq),
                Outcome::Failed(failed) => {
                    self.consumers[place].advance();
                    self.failed(place, *failed);
                }
            }
        }
        self.consumers[place].advance();
        self.schedule_save();
    }

    pub(super) fn delivered(&mut self, place: usize, seq: u64) {
        let was_suspect = self.suspect_has_ended(place, seq);
        let now = self.clock.now();
        let held = &mut self.consumers[place];
        if held.done(seq, now) {
            held.value.delivered += 1;
        }
        if was_suspect {
            // Or it would count as one in whose call the process died, if that dies after the call.
            held.advance();
            self.save_now(place, Durability::Enqueued);
        }
    }

    /// Calls that take too long are dropped, or told.
    pub(super) fn give_up_late(&mut self, place: usize, now: DateTime<Utc>) {
        let held = &self.consumers[place];
        for (seq, began) in held.lanes.give_up(now) {
            log(format_args!(
                "`{}` ({}): the call of event {seq} has taken longer than `timeout_s` since {began}; a plain `fn` can't be \
                 dropped, so it goes on, and holds up the events after it; an `async fn` would be dropped",
                held.name(),
                held.consumer.implementation().location(),
            ));
        }
    }
}
