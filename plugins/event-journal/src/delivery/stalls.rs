//! Consumers that have events, and deliver none.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::delivery::consumer::{Held, State};
use crate::delivery::engine::Engine;
use crate::delivery_stalled;
use crate::log::log;

impl Engine {
    /// When the next stall is to be told.
    pub(super) fn next_stall(&self) -> Option<Duration> {
        let waiting = self.consumers.iter().filter(|held| !held.stall_told && held.has_backlog());
        waiting.filter_map(|held| self.clock.until(held.moved + self.stalled_after)).min()
    }

    pub(super) fn tell_stalls(&mut self, now: DateTime<Utc>) {
        for held in &mut self.consumers {
            if held.stall_told || !held.has_backlog() || now - held.moved < self.stalled_after {
                continue;
            }
            held.stall_told = true;
            let reason = held.why_not_moving();
            log(format_args!("`{}` has delivered nothing since {}: {reason}", held.name(), held.moved));
            if let Some(app) = self.app.upgrade() {
                let name = held.name().to_owned();
                std::thread::spawn(move || drop(delivery_stalled::call(&app, &name, &reason).wait()));
            }
        }
    }
}

impl Held {
    fn has_backlog(&self) -> bool {
        !self.ahead.is_empty()
            || !self.value.open.is_empty()
            || !self.value.rearmed.is_empty()
            || matches!(self.state, State::Running(_))
            || (self.look && !matches!(self.state, State::Idle))
    }

    fn why_not_moving(&self) -> String {
        if let Some(reason) = &self.value.paused {
            return format!("it is paused: {reason}");
        }
        match &self.state {
            State::Running(running) => match running.progress.calling() {
                Some(seq) => format!("the call of event {seq} still runs"),
                None => "its lane is busy".to_owned(),
            },
            State::Held(reason) => reason.clone(),
            State::Lost => "another process delivers to it".to_owned(),
            State::Idle | State::Waiting(_) => match self.value.open.iter().next() {
                Some((seq, open)) => {
                    format!("event {seq} has failed {} times: {}", open.attempts, open.error)
                }
                None => "it waits".to_owned(),
            },
        }
    }
}
