//! Ids and times that a test fixes.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::event::envelope::Said;

/// What the builder was given in place of the clock and of new ids.
#[derive(Default)]
pub(crate) struct TestClock {
    pub(crate) clock: Option<Box<dyn Fn() -> DateTime<Utc> + Send + Sync>>,
    pub(crate) ids: Option<Box<dyn Fn() -> Uuid + Send + Sync>>,
}

impl TestClock {
    /// Gives an event time and id, unless the caller gave them.
    #[cold]
    pub(crate) fn complete(&self, said: &mut Said) {
        let given = said.given.get_or_insert_default();
        if let Some(clock) = &self.clock {
            given.created.get_or_insert_with(clock);
        }
        if let Some(ids) = &self.ids {
            given.id.get_or_insert_with(ids);
        }
    }
}
