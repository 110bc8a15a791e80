//! What tests of applications use.

mod recorder;
mod test_clock;

pub use self::recorder::Recorder;
