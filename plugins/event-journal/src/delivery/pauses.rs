//! How long an event that has failed waits before it is tried again.

use std::time::Duration;

use uuid::Uuid;

const FIRST: Duration = Duration::from_millis(200);
/// The longest pause in an outage that the implementation has reported as one.
pub(crate) const LONGEST_OF_AN_OUTAGE: Duration = Duration::from_mins(1);
/// The longest pause after any other failure.
pub(crate) const LONGEST: Duration = Duration::from_mins(10);

/// The pause after so many attempts: exponential, and anything from nothing to that ("full jitter"), so that many that failed
/// together aren't tried together.
pub(crate) fn after(attempts: u32, longest: Duration) -> Duration {
    upper(attempts, longest).mul_f64(random())
}

fn upper(attempts: u32, longest: Duration) -> Duration {
    let doubled = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST.saturating_mul(doubled.max(1)).min(longest)
}

/// From 0 to 1.
fn random() -> f64 {
    let (_, low) = Uuid::new_v4().as_u64_pair();
    let number = u32::try_from(low & u64::from(u32::MAX)).expect("it is masked");
    f64::from(number) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let milliseconds = |attempts| upper(attempts, LONGEST).as_millis();
        assert_eq!([1, 2, 3, 12, 13, 99].map(milliseconds), [200, 400, 800, 409_600, 600_000, 600_000]);
    }

    #[test]
    fn a_pause_is_never_longer_than_its_limit() {
        assert!((1..1_000).all(|attempts| after(attempts, LONGEST_OF_AN_OUTAGE) <= LONGEST_OF_AN_OUTAGE));
    }
}
