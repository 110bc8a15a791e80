//! What `[plugins.event-journal]` may say.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::time::Duration;

use event_core::plugin::{Consumer, Order, TextDuration};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// The plugin whose journal is used, where several have one.
    pub(crate) journal: Option<String>,
    /// How long shutdown waits for calls that run.
    pub(crate) shutdown: TextDuration,
    /// After which time without progress a consumer with a backlog is reported.
    pub(crate) stalled_after: LongerThanZero,
    /// After which time without a save of a consumer's process another one takes it over.
    pub(crate) lease: LongerThanZero,
    /// To which consumers this process delivers.
    pub(crate) deliver: Deliver,
    pub(crate) consumers: BTreeMap<String, ConsumerSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            journal: None,
            shutdown: TextDuration::new(Duration::from_secs(10)),
            stalled_after: LongerThanZero(Duration::from_mins(5)),
            lease: LongerThanZero(Duration::from_secs(5)),
            deliver: Deliver::All(true),
            consumers: BTreeMap::new(),
        }
    }
}

/// A duration of 0 would be a mistake.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LongerThanZero(pub(crate) Duration);

impl<'de> Deserialize<'de> for LongerThanZero {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match TextDuration::deserialize(deserializer)?.into() {
            Duration::ZERO => Err(D::Error::custom("a duration of 0 can't be meant here: it must be longer")),
            duration => Ok(Self(duration)),
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
    give_up_after: Option<LongerThanZero>,
    max_attempts: Option<NonZero<u32>>,
    timeout: Option<LongerThanZero>,
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
    /// Whether this process delivers to it at all.
    pub(crate) deliver: bool,
}

impl Tries {
    pub(crate) fn of(consumer: &Consumer, settings: &Settings) -> Self {
        let none = ConsumerSettings::default();
        let deliver = settings.deliver.includes(consumer.name());
        let settings = settings.consumers.get(consumer.name()).unwrap_or(&none);
        Self {
            deliver,
            give_up_after: settings.give_up_after.map_or(consumer.give_up_after(), |it| it.0),
            max_attempts: settings.max_attempts.map(NonZero::get).or(consumer.max_attempts()),
            timeout: settings.timeout.map(|it| it.0).or(consumer.timeout()),
            concurrency: if consumer.order() == Order::One {
                1
            } else {
                let given = settings.concurrency.map(NonZero::get).or(consumer.concurrency());
                given.unwrap_or(CONCURRENCY) as usize
            },
        }
    }
}
