//! Which word was probably meant.

/// The candidate that is one or two letters from `word`, the nearest first.
pub(crate) fn nearest<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    // Two changes to a word of three letters can give any other.
    let most = if word.len() <= 3 { 1 } else { 2 };
    let letters = word.chars().count();
    // The distance is at least this, and is computed for few: each build of a user's crate pays for it.
    let is_possible = |candidate: &&&str| candidate.chars().count().abs_diff(letters) <= most;
    let measured =
        candidates.iter().filter(is_possible).map(|candidate| (distance(word, candidate), *candidate));
    measured.filter(|(distance, _)| *distance <= most).min().map(|(_, candidate)| candidate)
}

/// The number of letters to insert, delete, replace or swap with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let swap = if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    rows[i - 2][j - 2] + 1
                } else {
                    usize::MAX
                };
                replace.min(swap).min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1)
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_an_insertion_and_a_replacement_are_near() {
        for typo in ["tryfrist", "tryfirstt", "trylirst"] {
            assert_eq!(nearest(typo, &["trylast", "tryfirst"]), Some("tryfirst"), "{typo}");
        }
    }

    #[test]
    fn another_word_is_not_near() {
        assert_eq!(nearest("permission_allowed", &["tryfirst", "trylast"]), None);
        assert_eq!(nearest("foo", &["for", "bar"]), Some("for"));
        assert_eq!(nearest("foo", &["bar"]), None);
    }
}
