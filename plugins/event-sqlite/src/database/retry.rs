//! When rows that can't be written are tried again.

use std::time::{Duration, Instant};

use event_journal::sync::pause;

use crate::database::Core;

/// When rows that can't be written are tried again.
#[derive(Default)]
pub(crate) struct Retry {
    pause: Duration,
}

impl Retry {
    const FIRST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(2);

    /// Gives `false` when there is no time left.
    pub(crate) fn wait(&mut self, core: &Core) -> bool {
        self.pause = (self.pause * 2).clamp(Self::FIRST, Self::LONGEST);
        // A waiting caller causes a try at once, and gets the error if that fails.
        if core.queue.wait_for_a_caller(self.pause) {
            return true;
        }
        let left = core.deadline().saturating_duration_since(Instant::now());
        pause(left.min(Self::FIRST));
        !left.is_zero()
    }
}
