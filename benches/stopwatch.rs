//! How long something takes beside something else.
//!
//! A machine that others use as well is faster one second and slower the next. So the things that are compared take
//! turns, in short rounds, and what counts is the median of the rounds' ratios: a round that was disturbed is at the
//! edge, and doesn't count.

use std::time::{Duration, Instant};

const ROUNDS: usize = 31;

/// How many times as long as `one` the `other` takes.
pub(crate) fn ratio(mut one: impl FnMut() -> Duration, mut other: impl FnMut() -> Duration) -> f64 {
    median(|| {
        let one = one();
        other().as_secs_f64() / one.as_secs_f64()
    })
}

/// The middle one of what [`ROUNDS`] rounds give.
pub(crate) fn median(round: impl FnMut() -> f64) -> f64 {
    median_of(ROUNDS, round)
}

/// The middle one of what so many rounds give.
pub(crate) fn median_of(rounds: usize, round: impl FnMut() -> f64) -> f64 {
    let mut figures: Vec<f64> = std::iter::repeat_with(round).take(rounds).collect();
    middle(&mut figures)
}

/// The middle one of these.
pub(crate) fn middle(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// How long something takes.
pub(crate) fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
