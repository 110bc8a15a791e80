//! What is left of a store after its process was killed, the power went or the disk failed, and of what several did at the
//! same time.
//!
//! `.ci/crash` repeats these tests many more times than `cargo test` does.

mod another_log;
mod bombs;
mod chance;
mod clock;
mod consumers;
mod delivered;
mod dying;
#[cfg(unix)]
mod exactly_once;
mod faults;
mod faults_delivering;
#[cfg(unix)]
mod interrupted;
mod kept;
mod kill;
mod kill_delivering;
mod large;
mod letters;
mod listening;
mod many;
mod orphans;
#[cfg(unix)]
mod power;
#[cfg(unix)]
mod power_delivering;
mod retention;
#[cfg(unix)]
mod several;
mod shim;
mod shutdown;
mod shutdown_delivering;
mod together;
mod writer;
