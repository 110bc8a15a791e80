//! Which word was probably meant.

/// The candidate that is one or two letters from `word`, the nearest first.
pub(crate) fn nearest<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let measured = candidates.iter().map(|candidate| (strsim::osa_distance(word, candidate), *candidate));
    // Of a word with three letters, two changes leave nothing.
    let most = if word.len() <= 3 { 1 } else { 2 };
    measured.filter(|(distance, _)| *distance <= most).min().map(|(_, candidate)| candidate)
}
