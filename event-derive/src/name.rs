//! Which names an event may have, and its name without `name = "…"`.

/// Why an event can't have this name; `None` if it can.
pub(crate) fn why_not(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("an event needs a name, such as \"ban-user\"");
    }
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if name.split(['-', '_', '.']).all(word) {
        None
    } else {
        Some(
            "an event's name is made of words of `a`-`z` and `0`-`9`, joined by `-`, `_` or `.`, such as \
             \"ban-user\"",
        )
    }
}

/// The type's name in kebab case, less a trailing `Event`: `BanUserEvent` is `ban-user`, `HTTPRequest` is
/// `http-request`.
pub(crate) fn of_type(rust_name: &str) -> String {
    let stem = match rust_name.strip_suffix("Event") {
        Some("") | None => rust_name,
        Some(stem) => stem,
    };
    let letters: Vec<char> = stem.chars().collect();
    let mut name = String::new();
    for (index, letter) in letters.iter().enumerate() {
        if letter.is_uppercase() && index > 0 {
            let before = letters[index - 1];
            let starts_a_word = before.is_lowercase() || before.is_ascii_digit();
            // The last capital of `HTTPRequest` belongs to the next word.
            let ends_an_acronym =
                before.is_uppercase() && letters.get(index + 1).is_some_and(|c| c.is_lowercase());
            if starts_a_word || ends_an_acronym {
                name.push('-');
            }
        }
        name.extend(letter.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_type_is_its_words_in_lower_case_without_event() {
        for (rust_name, name) in [
            ("BanUser", "ban-user"),
            ("BanUserEvent", "ban-user"),
            ("HTTPRequestReceived", "http-request-received"),
            ("Order2Placed", "order2-placed"),
            ("Login", "login"),
            ("Event", "event"),
            ("OAuth", "o-auth"),
        ] {
            assert_eq!(of_type(rust_name), name);
        }
    }

    #[test]
    fn words_joined_by_one_sign_are_a_name_and_nothing_else_is() {
        for name in ["ban-user", "login", "order.placed", "a_b", "v2-order", "2fa"] {
            assert_eq!(why_not(name), None, "{name}");
        }
        for name in ["", "Ban-User", "ban user", "-ban", "ban-", "ban--user", "bän", "ban/user"] {
            assert!(why_not(name).is_some(), "{name}");
        }
    }
}
