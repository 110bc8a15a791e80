//! An event that a consumer has given up.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How long a reason is at most, in bytes.
const MOST: usize = 300;

/// An event that a consumer has given up, and why. It stays until it is retried or dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The consumer, such as `shop::tell_billing`.
    pub consumer: String,
    /// The event's place in the journal.
    pub seq: u64,
    /// The event's id.
    pub event_id: String,
    /// The event's name.
    pub event_name: String,
    /// What the last attempt said, cut to 300 bytes.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was tried first.
    pub first_attempt: DateTime<Utc>,
    /// When it was given up.
    pub died: DateTime<Utc>,
    /// Where the implementation is defined.
    pub location: String,
}

impl fmt::Display for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { consumer, location, event_name, seq, attempts, reason, .. } = self;
        let times = if *attempts == 1 { "attempt" } else { "attempts" };
        write!(
            f,
            "`{consumer}` ({location}) gave up event `{event_name}` (seq {seq}) after {attempts} {times}: {reason}"
        )
    }
}

/// The key of a consumer's dead letters; of one of them with its seq, which sorts by number.
pub(crate) fn prefix(consumer: &str) -> String {
    format!("dead/{consumer}/")
}

pub(crate) fn key(consumer: &str, seq: u64) -> String {
    format!("{}{seq:020}", prefix(consumer))
}

/// The seq in such a key.
pub(crate) fn seq_of(key: &str) -> Option<u64> {
    key.rsplit_once('/')?.1.parse().ok()
}

/// The text, cut at a character.
pub(crate) fn cut(mut text: String) -> String {
    if text.len() > MOST {
        text.truncate(text.floor_char_boundary(MOST - '…'.len_utf8()));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_cut_to_300_bytes_at_a_character() {
        assert_eq!(cut("ä".repeat(150)), "ä".repeat(150));
        let long = cut("ä".repeat(151));
        assert!(long.len() <= 300 && long.ends_with("ä…"), "{long}");
    }

    #[test]
    fn keys_of_a_consumer_sort_by_seq() {
        assert!(key("a::b", 9) < key("a::b", 10));
        assert!(key("a::b", u64::MAX).starts_with(&prefix("a::b")));
    }
}
