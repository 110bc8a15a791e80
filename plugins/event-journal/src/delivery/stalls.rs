//! Consumers that have events, and deliver none.

use std::time::Duration;

use chrono::{DateTime, Utc};
use event_core::plugin::Order;

use crate::delivery::clock::later;
use crate::delivery::consumer::{Held, State};
use crate::delivery::engine::Engine;
use crate::delivery::order;
use crate::delivery::saving::wait;
use crate::delivery_stalled;
use crate::log::log;

impl Engine {
    /// When the next stall is to be told.
    pub(super) fn next_stall(&self) -> Option<Duration> {
        let waiting = self.consumers.iter().filter(|held| !held.stall_told && held.may_have_backlog());
        waiting.filter_map(|held| self.clock.until(later(held.moved, self.stalled_after))).min()
    }

    pub(super) fn tell_stalls(&mut self, now: DateTime<Utc>) {
        for place in 0..self.consumers.len() {
            let held = &mut self.consumers[place];
            if held.stall_told || !held.may_have_backlog() || now < later(held.moved, self.stalled_after) {
                continue;
            }
            let has_none =
                || wait(|| self.journal.count(held.value.position, &held.filter, 1)).is_ok_and(|it| it == 0);
            if !held.has_backlog() && has_none() {
                held.moved = now;
                continue;
            }
            held.stall_told = true;
            let (name, reason) = (held.name().to_owned(), held.why_not_moving());
            log(format_args!("`{name}` has delivered nothing since {}: {reason}", held.moved));
            self.tell(move |app| drop(delivery_stalled::call(app, &name, &reason).wait()));
        }
    }
}

impl Held {
    /// Whether there may be events that it could deliver.
    fn may_have_backlog(&self) -> bool {
        !self.is_theirs()
            && self.caller.tries.deliver
            && (self.has_backlog() || self.look && !self.may_call())
    }

    fn has_backlog(&self) -> bool {
        !self.has_nothing() || self.lanes.is_running()
    }

    fn why_not_moving(&self) -> String {
        if let Some(reason) = &self.value.paused {
            return format!("it is paused: {reason}");
        }
        match &self.state {
            State::Held(reason) => return reason.clone(),
            State::Active | State::Waiting(_) => {}
        }
        let failed = self.value.open.iter().find(|(_, open)| open.attempts > 0);
        match (failed, self.lanes.calling().first()) {
            (Some((seq, open)), _) => {
                let times = if open.attempts == 1 { "attempt" } else { "attempts" };
                let key =
                    self.key_of_failed(*seq).map(|key| format!(" with the key {key}")).unwrap_or_default();
                format!("event {seq}{key} has failed in {} {times}: {}", open.attempts, open.error)
            }
            (None, Some((seq, began))) => {
                format!("the call of event {seq}, which began at {began}, still runs")
            }
            (None, None) => "it waits".to_owned(),
        }
    }

    fn key_of_failed(&self, seq: u64) -> Option<String> {
        let Order::ByKey(path) = self.consumer.order() else { return None };
        let entry = self.lanes.first(*self.failed.get(&seq)?)?;
        order::key(entry.event.as_ref().ok()?, path)
    }
}
