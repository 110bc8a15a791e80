//! How text of unknown origin is shown on a terminal or in a line of a log.

use std::borrow::Cow;
use std::fmt::Write;

/// The text on one line, without control sequences: control characters, line separators and the marks that change the
/// direction of text become escapes such as `\n` and `\u001b`. A text without any is returned as it is.
///
/// For plugins that write lines: an event, an error or a record can hold untrusted text. The escapes are
/// those of JSON, so JSON stays the same JSON.
///
/// ```
/// use event_core::plugin::escape_controls;
///
/// assert_eq!(escape_controls("a\r\n\u{1b}[2Jb\u{2028}"), r"a\r\n\u001b[2Jb\u2028");
/// assert_eq!(escape_controls("Ünïcödé"), "Ünïcödé");
/// ```
pub fn escape_controls(text: &str) -> Cow<'_, str> {
    // Most text is printable ASCII.
    let Some(first) = text.bytes().position(|b| !(0x20..0x7f).contains(&b)) else { return text.into() };
    let Some((start, _)) = text[first..].char_indices().find(|(_, c)| is_obeyed(*c)) else {
        return text.into();
    };
    let (plain, rest) = text.split_at(first + start);
    let mut escaped = String::with_capacity(text.len() + 16);
    escaped.push_str(plain);
    for c in rest.chars() {
        match c {
            '\n' => escaped.push_str(r"\n"),
            '\r' => escaped.push_str(r"\r"),
            '\t' => escaped.push_str(r"\t"),
            c if is_obeyed(c) => {
                // All of them have four digits.
                let _ = write!(escaped, "\\u{:04x}", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped.into()
}

/// Controls (some terminals take U+009B for `ESC [`), marks and overrides of direction, separators of lines and paragraphs,
/// the byte order mark, and marks of annotations.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_the_same_json_and_nothing_in_it_is_obeyed() {
        let all: String = ('\0'..=char::MAX).filter(|c| is_obeyed(*c)).collect();
        assert!(all.contains(['\u{85}', '\u{9b}', '\u{7f}', '\u{2029}', '\u{202e}']));
        let json = serde_json::to_string(&all).expect("a text is JSON");
        let escaped = escape_controls(&json);
        assert!(!escaped.chars().any(is_obeyed), "{escaped}");
        assert_eq!(serde_json::from_str::<String>(&escaped).expect("it is JSON"), all);
    }

    #[test]
    fn a_text_that_nothing_obeys_is_given_back_as_it_is() {
        for text in ["", "plain", "Ünïcödé 🦀", "family: 👨‍👩‍👧", r"\n"] {
            assert!(matches!(escape_controls(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
