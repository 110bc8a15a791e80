//! When rows that can't be written are tried again.

use std::time::{Duration, Instant};

use crate::database::Core;
use crate::database::queue::{Awake, Worth};
use crate::sync::pause;

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
        let worth = Worth { entries: usize::MAX, awaited: 1 };
        if core.queue.sleep(worth, Some(self.pause)) != Awake::Closed {
            return true;
        }
        let left = core.deadline().saturating_duration_since(Instant::now());
        pause(left.min(Self::FIRST));
        !left.is_zero()
    }
}
