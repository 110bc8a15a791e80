//! What tests of applications use.

pub(crate) mod recorder;
mod test_clock;
