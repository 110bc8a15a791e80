//! What `[plugins.event-stderr]` may say.

use std::fmt;

use event_core::plugin::NamePattern;
use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::redact::Path;

#[derive(Debug, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) pretty: Pretty,
    pub(crate) include: Vec<NamePattern>,
    pub(crate) exclude: Vec<NamePattern>,
    pub(crate) redact: Vec<Path>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pretty: Pretty::Never,
            include: vec![NamePattern::all()],
            exclude: Vec::new(),
            redact: Vec::new(),
        }
    }
}

impl Settings {
    pub(crate) fn includes(&self, event: &str) -> bool {
        let any = |patterns: &[NamePattern]| patterns.iter().any(|it| it.matches(event));
        any(&self.include) && !any(&self.exclude)
    }
}

/// Whether lines are for people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pretty {
    Never,
    Always,
    /// Where standard error is a terminal, which is where people read it.
    Auto,
}

impl Pretty {
    fn of(truth: bool) -> Self {
        if truth { Self::Always } else { Self::Never }
    }
}

impl<'de> Deserialize<'de> for Pretty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PrettyVisitor)
    }
}

struct PrettyVisitor;

impl Visitor<'_> for PrettyVisitor {
    type Value = Pretty;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`true`, `false` or \"auto\"")
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Pretty, E> {
        Ok(Pretty::of(truth))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Pretty, E> {
        match text {
            "auto" => Ok(Pretty::Auto),
            // From the environment everything comes as text.
            "true" | "false" => Ok(Pretty::of(text == "true")),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }
}
