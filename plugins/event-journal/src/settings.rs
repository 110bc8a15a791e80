//! What `[plugins.event-journal]` may say.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::time::Duration;

use serde::Deserialize;

use event_core::plugin::{Consumer, Order};

#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// The plugin whose journal is used, where several have one.
    pub(crate) journal: Option<String>,
    /// How long shutdown waits for calls that run.
    pub(crate) shutdown_ms: u64,
    /// After which time without progress a consumer with a backlog is reported.
    pub(crate) stalled_after_s: NonZero<u64>,
    pub(crate) consumers: BTreeMap<String, ConsumerSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            journal: None,
            shutdown_ms: 10_000,
            stalled_after_s: const { NonZero::new(300).unwrap() },
            consumers: BTreeMap::new(),
        }
    }
}

/// What replaces options in the source.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ConsumerSettings {
    give_up_after_s: Option<NonZero<u64>>,
    max_attempts: Option<NonZero<u32>>,
    timeout_s: Option<NonZero<u32>>,
    concurrency: Option<NonZero<u32>>,
}

/// How many events are called side by side where the order lets several be, and nothing says how many.
const CONCURRENCY: u32 = 8;

/// How events of a consumer are called and tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tries {
    pub(crate) give_up_after: Duration,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) timeout: Option<Duration>,
    /// How many events are called side by side.
    pub(crate) concurrency: usize,
}

impl Tries {
    pub(crate) fn of(consumer: &Consumer, settings: Option<&ConsumerSettings>) -> Self {
        let none = ConsumerSettings::default();
        let settings = settings.unwrap_or(&none);
        let give_up_after = settings.give_up_after_s.map(|it| Duration::from_secs(it.get()));
        let timeout = settings.timeout_s.map(|it| Duration::from_secs(it.get().into()));
        Self {
            give_up_after: give_up_after.unwrap_or(consumer.give_up_after()),
            max_attempts: settings.max_attempts.map(NonZero::get).or(consumer.max_attempts()),
            timeout: timeout.or(consumer.timeout()),
            concurrency: if consumer.order() == Order::One {
                1
            } else {
                let given = settings.concurrency.map(NonZero::get).or(consumer.concurrency());
                given.unwrap_or(CONCURRENCY) as usize
            },
        }
    }
}
