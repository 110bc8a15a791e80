//! What a line of the table says.

use std::fmt;

/// One comparison, and whether it came out as it should.
pub(crate) struct Row {
    /// What was done.
    pub(crate) work: String,
    /// What it is compared with.
    pub(crate) against: String,
    /// The figures, or why there are none.
    pub(crate) measured: String,
    pub(crate) target: String,
    /// `None` where it wasn't measured, or where nothing is to be reached.
    pub(crate) reached: Option<bool>,
}

impl Row {
    /// Stands for what wasn't measured.
    pub(crate) fn skipped(work: &str, reason: &str) -> Self {
        Self {
            work: work.to_owned(),
            against: String::new(),
            measured: format!("skipped: {reason}"),
            target: String::new(),
            reached: None,
        }
    }
}

/// The heading of a table whose rows these are, in Markdown.
pub(crate) const HEADING: &str = "| work | against | measured | target | reached |\n|---|---|---|---|---|";

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { work, against, measured, target, reached } = self;
        let reached = match reached {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        write!(f, "| {work} | {against} | {measured} | {target} | {reached} |")
    }
}
