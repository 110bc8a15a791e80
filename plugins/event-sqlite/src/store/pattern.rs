//! Which events a pattern such as `user-*` means.

/// A pattern for names of events: `*` stands for any text, also for none.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(String);

impl Pattern {
    /// The pattern, or `None` if no event can have such a name.
    pub(crate) fn new(text: String) -> Option<Self> {
        let word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        // If anything at all makes a name of the pattern, one letter for each `*` does.
        text.replace('*', "x").split(['-', '_', '.']).all(word).then_some(Self(text))
    }

    /// The name, if the pattern is one.
    pub(crate) fn as_name(&self) -> Option<&str> {
        (!self.0.contains('*')).then_some(&self.0)
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_or_none_and_everything_else_is_itself() {
        for (pattern, name, expected) in [
            ("ban-user", "ban-user", true),
            ("*", "ban-user", true),
            ("user-*", "user-seen", true),
            ("*-user", "unban-user", true),
            ("*user*", "user", true),
            ("a*b*b", "abb", true),
            ("ban-user", "unban-user", false),
            ("user-*", "user", false),
            ("a*b*b", "ab", false),
            ("aa*aa", "aaa", false),
        ] {
            let matches = Pattern::new(pattern.to_owned()).expect(pattern).matches(name);
            assert_eq!(matches, expected, "{pattern} {name}");
        }
    }

    #[test]
    fn what_no_event_can_be_called_is_no_pattern() {
        for text in ["", "User-*", "ban user", "user--*", "user-", "bän*", "user-?", "[a-z]*"] {
            assert!(Pattern::new(text.to_owned()).is_none(), "{text}");
        }
    }
}
