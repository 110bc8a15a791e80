//! Does the guide explain the compiler's own words as the compiler has them?

use std::path::Path;

use crate::{assert_none, files, read};

/// Their words are event-core's: they say what to write, and need no row.
const OUR_CODES: [&str; 2] = ["[E0277]", "[E0080]"];

#[test]
fn every_row_of_the_compile_errors_quotes_one_that_a_mistake_in_tests_ui_gets() {
    let errors = errors();
    let rows = rows();
    assert!(rows.len() > 10, "the guide has a table of compile errors");
    let mut broken = Vec::new();
    for row in &rows {
        for quote in &row.quotes {
            if !errors.iter().any(|error| row.names_code_of(error) && is_quoted(quote, &error.message)) {
                broken.push(format!(
                    "docs/guide.md: no `.stderr` in tests/ui has {:?} ({:?})",
                    quote, row.codes
                ));
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn every_error_of_tests_ui_in_the_compilers_own_words_has_a_row() {
    let rows = rows();
    let unexplained = errors().into_iter().filter(|error| {
        let is_ours = error.code.is_empty() || OUR_CODES.contains(&&*error.code);
        let explains = |row: &Row| {
            row.names_code_of(error) && row.quotes.iter().any(|quote| is_explained(quote, &error.message))
        };
        !is_ours && !error.is_beside_another && !rows.iter().any(explains)
    });
    let missing = unexplained.map(|error| {
        format!(
            "docs/guide.md: \"Compile errors\" has no row for {} {:?} of {}",
            error.code, error.message, error.file
        )
    });
    assert_none(&missing.collect::<Vec<_>>());
}

struct Row {
    /// As the compiler writes them; empty if the compiler gives none.
    codes: Vec<String>,
    /// `…` stands for anything.
    quotes: Vec<String>,
}

impl Row {
    fn names_code_of(&self, error: &CompileError) -> bool {
        self.codes.contains(&error.code) || (self.codes.is_empty() && error.code.is_empty())
    }
}

struct CompileError {
    file: String,
    code: String,
    message: String,
    /// The same mistake has an error in the macro's words, which says what to write.
    is_beside_another: bool,
}

fn rows() -> Vec<Row> {
    let guide = read("docs/guide.md");
    let (_, section) = guide.split_once("\n## Compile errors\n").expect("the guide has this section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let table = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    let says = table.map(|line| line[2..].split(" | ").next().unwrap_or_default());
    says.map(|says| Row { codes: codes_in(says), quotes: quotes_in(says) }).collect()
}

fn codes_in(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is_code = |word: &&str| word.len() == 5 && word.starts_with("E0");
    words.filter(is_code).map(|code| format!("[{code}]")).collect()
}

/// What stands in code spans, whose backticks are as many at the end as at the start.
fn quotes_in(text: &str) -> Vec<String> {
    let mut quotes = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        let fence: String = rest[start..].chars().take_while(|c| *c == '`').collect();
        let inside = &rest[start + fence.len()..];
        let Some(end) = inside.find(&fence) else { break };
        quotes.push(inside[..end].trim().to_owned());
        rest = &inside[end + fence.len()..];
    }
    quotes
}

fn errors() -> Vec<CompileError> {
    let expected = files().into_iter().filter(|path| path.starts_with("tests/ui"));
    expected
        .filter(|path| path.extension().is_some_and(|it| it == "stderr"))
        .flat_map(|path| errors_of(&path))
        .collect()
}

fn errors_of(path: &Path) -> Vec<CompileError> {
    let text = read(path);
    let heads: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix("error")?.split_once(": ")).collect();
    let has_our_words = heads.iter().any(|(code, _)| code.is_empty());
    let error = |(code, message): &(&str, &str)| CompileError {
        file: path.display().to_string(),
        code: (*code).to_owned(),
        message: (*message).to_owned(),
        is_beside_another: has_our_words,
    };
    heads.iter().map(error).collect()
}

/// Whether the message begins so, where `…` stands for anything.
fn is_quoted(quote: &str, message: &str) -> bool {
    let mut parts = quote.split('…');
    let Some(mut rest) = parts.next().and_then(|start| message.strip_prefix(start)) else { return false };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// The same with other names in backticks: a mistake can be made in many places.
fn is_explained(quote: &str, message: &str) -> bool {
    let without_names = |text: &str| text.split('`').step_by(2).collect::<Vec<_>>().join("`");
    is_quoted(&without_names(quote), &without_names(message))
}

#[test]
fn a_quote_fits_the_message_that_it_is_taken_from() {
    assert!(is_quoted("cannot find type `a` in …", "cannot find type `a` in this scope"));
    assert!(is_quoted("… between threads", "`Rc<u8>` cannot be sent between threads"));
    assert!(!is_quoted("cannot find type `a`", "cannot find type `b`"));
    assert!(is_explained("cannot find type `a`", "cannot find type `b`"));
    assert!(!is_explained("cannot find type `a`", "cannot find value `a`"));
    assert_eq!(quotes_in("``no `x` `` (E0599), `y z`"), ["no `x`", "y z"]);
    assert_eq!(codes_in("``no `x` `` (E0599, and E0747)"), ["[E0599]", "[E0747]"]);
}
