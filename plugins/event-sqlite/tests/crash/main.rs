//! What is left of a store after its process was killed, the power went or the disk failed, and of what several did at the
//! same time.
//!
//! `.ci/crash` repeats these tests many more times than `cargo test` does.

mod bombs;
mod chance;
mod clock;
mod faults;
mod kept;
mod kill;
mod many;
#[cfg(unix)]
mod power;
mod shim;
mod shutdown;
mod together;
mod writer;
