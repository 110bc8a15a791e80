//! Words that hide who acts.

use std::fs;
use std::path::Path;

use crate::{assert_none, files, has_word, root};

/// Each hides the actor, so that a reader has to guess it. Name the caller, the implementation, the operator.
const REFUSED: &[&str] =
    &["anybody", "anyone", "everybody", "everyone", "nobody", "somebody", "someone", "whoever", "whomever"];

#[test]
fn sources_and_pages_name_who_acts() {
    // It lists the words, and so does the rule.
    let exempt = ["tests/tests/tidy/words.rs", "CONTRIBUTING.md", "CHANGELOG.md"];
    let is_exempt = |path: &Path| exempt.iter().any(|it| path.ends_with(it));
    let mut broken = Vec::new();
    for path in files().iter().filter(|path| is_read_by_people(path) && !is_exempt(path)) {
        let Ok(text) = fs::read_to_string(root().join(path)) else { continue };
        for (line, number) in text.lines().zip(1..) {
            let line = line.to_lowercase();
            broken.extend(
                REFUSED
                    .iter()
                    .filter(|word| has_word(&line, word))
                    .map(|word| format!("{}:{number}: `{word}`: name who acts", path.display())),
            );
        }
    }
    assert_none(&broken);
}

fn is_read_by_people(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["rs", "md", "stderr", "stdout", "toml"].contains(&extension) || path.starts_with(".ci")
}
