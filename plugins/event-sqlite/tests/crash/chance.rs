//! Random choices that can be made again, and how many of them are made.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const SEED: &str = "EVENT_SQLITE_CRASH_SEED";

/// `SplitMix64`, which is as good as any to choose a moment.
pub(crate) struct Chance(u64);

impl Chance {
    /// Says its seed, which a test that fails shows.
    pub(crate) fn new() -> Self {
        let seed = number(SEED).unwrap_or_else(|| RandomState::new().hash_one(0));
        println!("{SEED}={seed} makes the same choices again");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    pub(crate) fn up_to(&mut self, longest: Duration) -> Duration {
        let nanos = u64::try_from(longest.as_nanos()).expect("it is short");
        Duration::from_nanos(self.below(nanos))
    }
}

/// How often a process is killed, or the power cut: so often in CI, more often by `.ci/crash`.
pub(crate) fn runs(at_least: u64) -> u64 {
    number("EVENT_SQLITE_CRASH_RUNS").unwrap_or(at_least).max(at_least)
}

pub(crate) fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, and not {text:?}")))
}
