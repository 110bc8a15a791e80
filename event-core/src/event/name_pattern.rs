//! Which events a pattern such as `user-*` matches.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::event::escape::escape_controls;

/// A pattern for names of events: `*` stands for any text, also for none. For settings such as `include = ["user-*"]`.
///
/// ```
/// use event_core::plugin::NamePattern;
///
/// let users: NamePattern = "user-*".parse()?;
/// assert!(users.matches("user-banned") && !users.matches("ban-user"));
/// assert!("User*".parse::<NamePattern>().is_err());
/// # Ok::<_, event_core::plugin::NamePatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct NamePattern(String);

/// The pattern can match no event, since no event can be called so.
#[derive(Clone, PartialEq, Eq)]
pub struct NamePatternError {
    text: String,
}

impl NamePattern {
    /// The one that matches every event.
    pub fn all() -> Self {
        Self("*".to_owned())
    }

    /// Whether it matches an event of this name.
    pub fn matches(&self, name: &str) -> bool {
        // The default pattern is checked for every event.
        if self.0 == "*" {
            return true;
        }
        let mut pieces = self.0.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let Some(last) = pieces.next_back() else { return rest.is_empty() };
        for piece in pieces {
            // The earliest match leaves the most text for the rest of the pattern.
            let Some(found) = rest.find(piece) else { return false };
            rest = &rest[found + piece.len()..];
        }
        rest.ends_with(last)
    }

    /// The one name that it matches, if it has no `*`.
    pub fn as_name(&self) -> Option<&str> {
        (!self.0.contains('*')).then_some(&self.0)
    }
}

impl TryFrom<String> for NamePattern {
    type Error = NamePatternError;

    fn try_from(text: String) -> Result<Self, NamePatternError> {
        // If any text makes the pattern a name, one letter for each `*` does.
        if is_name(&text.replace('*', "x")) { Ok(Self(text)) } else { Err(NamePatternError { text }) }
    }
}

impl FromStr for NamePattern {
    type Err = NamePatternError;

    fn from_str(text: &str) -> Result<Self, NamePatternError> {
        text.to_owned().try_into()
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NamePatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{}\" matches no event: a name is made of words of `a`-`z` and `0`-`9`, joined by `-`, `_` or `.`; \
             write a name, or a part of one with `*`, such as \"user-*\"",
            escape_controls(&self.text)
        )
    }
}

/// The output of a `main` that returns this.
impl fmt::Debug for NamePatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for NamePatternError {}

/// The names that `#[derive(Event)]` accepts.
pub(crate) fn is_name(text: &str) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.split(['-', '_', '.']).all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        pattern.parse::<NamePattern>().expect("a pattern").matches(name)
    }

    #[test]
    fn a_star_is_any_text_or_none_and_everything_else_is_itself() {
        for (pattern, name) in [
            ("ban-user", "ban-user"),
            ("*", "ban-user"),
            ("user-*", "user-seen"),
            ("*-user", "unban-user"),
            ("*user*", "user"),
            ("ban*", "ban"),
            ("a*b*b", "abb"),
            ("*.row-*.v2", "db.row-inserted.v2"),
            ("**", "ban-user"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("ban-user", "unban-user"),
            ("ban-user", "ban-user-2"),
            ("user-*", "user"),
            ("*-user", "ban-users"),
            ("a*b*b", "ab"),
            ("aa*aa", "aaa"),
            ("row.*", "row-x"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn what_no_event_can_be_called_is_no_pattern() {
        for text in ["", "User-*", "ban user", "user--*", "-*", "user-", "*-", "bän*", "user-?", "user,ban"]
        {
            let why = text.parse::<NamePattern>().expect_err(text).to_string();
            assert!(why.starts_with(&format!("\"{text}\" matches no event")), "{why}");
        }
        for text in ["*", "user-*", "*_*", "v2", "a.*-b"] {
            assert!(text.parse::<NamePattern>().is_ok(), "{text}");
        }
    }
}
