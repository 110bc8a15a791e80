//! What tests of applications use.

pub(crate) mod recorder;
pub(crate) mod test_clock;
