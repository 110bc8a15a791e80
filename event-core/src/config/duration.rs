//! How settings write a duration: as text, with its unit.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A duration in a plugin's settings: a whole number and `ms`, `s`, `m`, `h` or `d`, as text. A number alone could be
/// seconds or milliseconds.
///
/// ```
/// use std::time::Duration;
///
/// use event_core::plugin::TextDuration;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Settings {
///     timeout: TextDuration,
/// }
///
/// let settings: Settings = serde_json::from_str(r#"{ "timeout": "30s" }"#)?;
/// assert_eq!(Duration::from(settings.timeout), Duration::from_secs(30));
/// let error = serde_json::from_str::<Settings>(r#"{ "timeout": 30 }"#).err().unwrap();
/// assert!(error.to_string().contains("`ms`, `s`, `m`, `h` or `d`"));
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextDuration(Duration);

impl TextDuration {
    /// The same that a text would say.
    pub const fn new(duration: Duration) -> Self {
        Self(duration)
    }

    fn read(text: &str) -> Option<Self> {
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
        let number: u64 = number.parse().ok()?;
        let seconds = match unit {
            "ms" => return Some(Self(Duration::from_millis(number))),
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        number.checked_mul(seconds).map(Duration::from_secs).map(Self)
    }
}

impl From<TextDuration> for Duration {
    fn from(duration: TextDuration) -> Self {
        duration.0
    }
}

impl<'de> Deserialize<'de> for TextDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = TextDuration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration as text: a whole number and `ms`, `s`, `m`, `h` or `d`, such as \"24h\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<TextDuration, E> {
        TextDuration::read(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_with_a_unit_is_a_duration_and_nothing_else_is() {
        for (text, seconds) in [("24h", 86_400), ("90s", 90), ("15m", 900), ("7d", 604_800), ("0s", 0)] {
            assert_eq!(TextDuration::read(text), Some(TextDuration(Duration::from_secs(seconds))), "{text}");
        }
        assert_eq!(TextDuration::read("250ms"), Some(TextDuration(Duration::from_millis(250))));
        for text in ["", "24", "h", "-1s", "1.5h", "1 h", "24H", "24hours", "99999999999999999d", "١s"] {
            assert_eq!(TextDuration::read(text), None, "{text}");
        }
    }
}
