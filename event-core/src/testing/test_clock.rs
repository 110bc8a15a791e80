//! How a test fixes ids and times.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::app::builder::AppBuilder;

impl AppBuilder {
    /// The clock that events take their time from, for tests. A time that a caller gives with `.at(…)` stays.
    pub fn clock(mut self, clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        self.test_clock.get_or_insert_default().clock = Some(Box::new(clock));
        self
    }

    /// Where events take their ids from, for tests.
    pub fn ids(mut self, ids: impl Fn() -> Uuid + Send + Sync + 'static) -> Self {
        self.test_clock.get_or_insert_default().ids = Some(Box::new(ids));
        self
    }
}
