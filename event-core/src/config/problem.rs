//! Why an app doesn't start.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::event::escape::escape_controls;

/// One reason why an app doesn't start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartProblem(String);

impl StartProblem {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl Serialize for StartProblem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for StartProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape_controls(&self.0))
    }
}
