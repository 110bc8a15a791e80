//! What `durable(…)` says.

use std::time::Duration;

use crate::dispatch::durable::stored::Decoder;

/// The options of `#[hookimpl(track_event, durable(…))]`.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct DurableOptions {
    /// Instead of the function's name.
    pub name: Option<&'static str>,
    /// The name that it had, with the plugin's before it if that was another one.
    pub renamed_from: Option<&'static str>,
    pub from: StartsFrom,
    pub give_up_after: Duration,
    pub max_attempts: Option<u32>,
    pub timeout: Option<Duration>,
    pub order: Order,
    /// How many events are called side by side, where the order lets several be.
    pub concurrency: Option<u32>,
    /// How many events are given in one call at most, where the function takes several.
    pub batch: Option<u32>,
    /// How an event is read back, unless every event is heard.
    pub decoder: Option<Decoder>,
}

impl DurableOptions {
    /// Those of `durable` alone.
    pub const DEFAULT: Self = Self {
        name: None,
        renamed_from: None,
        from: StartsFrom::Now,
        give_up_after: Duration::from_hours(24),
        max_attempts: None,
        timeout: None,
        order: Order::One,
        concurrency: None,
        batch: None,
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

/// Which events a consumer is called for one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// All, in the order of the journal.
    #[default]
    One,
    /// Those with the same key: `key = "user.id"`. The path of a property, with dots between its names, or `actor` for the
    /// actor's id.
    ByKey(&'static str),
    /// None: `unordered`.
    None,
}
