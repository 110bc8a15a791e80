//! Which events a pattern such as `user-*` means.

use serde::Deserialize;

/// A pattern for names of events: `*` stands for any text, also for none.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Pattern(String);

impl Pattern {
    pub(crate) fn all() -> Self {
        Self("*".to_owned())
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        // Without settings, every event is asked whether this matches it.
        if self.0 == "*" {
            return true;
        }
        let mut pieces = self.0.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let Some(last) = pieces.next_back() else { return rest.is_empty() };
        for piece in pieces {
            // The earliest place leaves the most for what comes after.
            let Some(found) = rest.find(piece) else { return false };
            rest = &rest[found + piece.len()..];
        }
        rest.ends_with(last)
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // If anything at all makes a name of the pattern, one letter for each `*` does.
        if is_name(&text.replace('*', "x")) {
            return Ok(Self(text));
        }
        Err(format!(
            "\"{text}\" matches no event: a name is made of words of `a`-`z` and `0`-`9`, joined by `-`, `_` or `.`; \
             write a name, or a part of one with `*`, such as \"user-*\""
        ))
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What `#[derive(Event)]` takes for a name.
fn is_name(text: &str) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.split(['-', '_', '.']).all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Pattern::try_from(pattern.to_owned()).expect("a pattern").matches(name)
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
            let why = Pattern::try_from(text.to_owned()).expect_err(text);
            assert!(why.starts_with(&format!("\"{text}\" matches no event")), "{why}");
        }
        for text in ["*", "user-*", "*_*", "v2", "a.*-b"] {
            assert!(Pattern::try_from(text.to_owned()).is_ok(), "{text}");
        }
    }
}
