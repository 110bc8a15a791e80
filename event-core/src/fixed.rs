//! Ids and times that a test fixes.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::tracked::Envelope;

/// What the builder was given in place of the clock and of new ids.
#[derive(Default)]
pub(crate) struct Fixed {
    pub(crate) clock: Option<Box<dyn Fn() -> DateTime<Utc> + Send + Sync>>,
    pub(crate) ids: Option<Box<dyn Fn() -> Uuid + Send + Sync>>,
}

impl Fixed {
    /// Gives the envelope time and id, unless the caller gave them or nothing is fixed.
    #[inline]
    pub(crate) fn complete(&self, envelope: &mut Envelope) {
        if let Some(clock) = &self.clock {
            envelope.created.get_or_insert_with(clock);
        }
        if let Some(ids) = &self.ids {
            envelope.id.get_or_insert_with(ids);
        }
    }
}
