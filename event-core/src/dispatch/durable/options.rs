//! What `durable(…)` says.

use std::time::Duration;

use crate::dispatch::durable::stored::Decoder;

/// The options of `#[hookimpl(track_event, durable(…))]`.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct DurableOptions {
    /// Instead of the function's name.
    pub name: Option<&'static str>,
    pub from: StartsFrom,
    pub give_up_after: Duration,
    pub max_attempts: Option<u32>,
    pub timeout: Option<Duration>,
    /// How an event is read back, unless every event is heard.
    pub decoder: Option<Decoder>,
}

impl DurableOptions {
    /// Those of `durable` alone.
    pub const DEFAULT: Self = Self {
        name: None,
        from: StartsFrom::Now,
        give_up_after: Duration::from_hours(24),
        max_attempts: None,
        timeout: None,
        decoder: None,
    };
}

/// Which events a new consumer hears: `from = "start"` or `from = "now"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartsFrom {
    /// All that the journal has.
    Start,
    /// Those that are tracked from the app's start on.
    #[default]
    Now,
}
