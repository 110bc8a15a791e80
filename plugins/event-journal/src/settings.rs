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
    /// After how many milliseconds without a save of a consumer's process another one takes it over.
    pub(crate) lease_ms: NonZero<u64>,
    /// To which consumers this process delivers.
    pub(crate) deliver: Deliver,
    pub(crate) consumers: BTreeMap<String, ConsumerSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            journal: None,
            shutdown_ms: 10_000,
            stalled_after_s: const { NonZero::new(300).unwrap() },
            lease_ms: const { NonZero::new(5_000).unwrap() },
            deliver: Deliver::All(true),
            consumers: BTreeMap::new(),
        }
    }
}

/// `true`, `false`, or patterns such as `["shop::*"]`.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "`true`, `false`, or a list of consumers, such as [\"shop::*\"]")]
pub(crate) enum Deliver {
    All(bool),
    Some(Vec<String>),
}

impl Deliver {
    pub(crate) fn includes(&self, consumer: &str) -> bool {
        match self {
            Self::All(all) => *all,
            Self::Some(patterns) => patterns.iter().any(|pattern| matches(pattern, consumer)),
        }
    }
}

/// `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((first, rest)) => text.strip_prefix(first).is_some_and(|text| {
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| matches(rest, &text[at..]))
        }),
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
    pub(crate) batch: Option<NonZero<u32>>,
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
    /// How many events come in one call at most.
    pub(crate) batch: usize,
    /// Whether this process delivers to it at all.
    pub(crate) deliver: bool,
}

impl Tries {
    pub(crate) fn of(consumer: &Consumer, settings: &Settings) -> Self {
        let none = ConsumerSettings::default();
        let deliver = settings.deliver.includes(consumer.name());
        let settings = settings.consumers.get(consumer.name()).unwrap_or(&none);
        let give_up_after = settings.give_up_after_s.map(|it| Duration::from_secs(it.get()));
        let timeout = settings.timeout_s.map(|it| Duration::from_secs(it.get().into()));
        let batch = consumer.batch().map_or(1, |batch| settings.batch.map_or(batch, NonZero::get));
        Self {
            deliver,
            batch: batch as usize,
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
