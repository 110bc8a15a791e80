//! What is left of a store after its process was killed, or after several wrote to it at the same time.
//!
//! `.ci/crash` repeats these tests many more times than `cargo test` does.

mod chance;
mod clock;
mod kept;
mod kill;
mod many;
mod together;
mod writer;
