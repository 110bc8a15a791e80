//! The time by which events are tried again: the system's, or one that a test moves.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// A clock that stands still until a test advances it: pauses, timeouts and stalls go by it. Put it into the app: `App::builder().insert(clock.clone())`.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Manual>>);

#[derive(Debug)]
struct Manual {
    now: DateTime<Utc>,
    listeners: Vec<Listener>,
}

struct Listener(Box<dyn Fn() + Send>);

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listener")
    }
}

impl ManualClock {
    /// A clock at this time.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(Manual { now, listeners: Vec::new() })))
    }

    /// Moves the time; what has become due is tried.
    pub fn advance(&self, by: Duration) {
        let mut manual = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        manual.now = later(manual.now, by);
        manual.listeners.iter().for_each(|listener| (listener.0)());
    }

    /// What time it is.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).now
    }
}

/// The time after this one; the last that there is, for a delay without end.
pub(crate) fn later(time: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    let by = TimeDelta::from_std(by).ok();
    by.and_then(|by| time.checked_add_signed(by)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[derive(Clone, Debug)]
pub(crate) enum Clock {
    System,
    Manual(ManualClock),
}

impl Clock {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now(),
            Self::Manual(clock) => clock.now(),
        }
    }

    /// How long to wait for this time; `None` where no waiting brings it.
    pub(crate) fn until(&self, time: DateTime<Utc>) -> Option<Duration> {
        match self {
            Self::System => Some((time - Utc::now()).to_std().unwrap_or_default()),
            Self::Manual(_) => None,
        }
    }

    /// Calls this whenever the time is moved.
    pub(crate) fn listen(&self, listener: impl Fn() + Send + 'static) {
        if let Self::Manual(clock) = self {
            clock
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .listeners
                .push(Listener(Box::new(listener)));
        }
    }
}

/// A difference that no pause of the process explains.
const JUMP: TimeDelta = TimeDelta::minutes(1);

/// Notices when the system's clock was set, beside the one that never is.
pub(crate) struct Jumps {
    time: DateTime<Utc>,
    moment: Instant,
}

impl Jumps {
    pub(crate) fn new() -> Self {
        Self { time: Utc::now(), moment: Instant::now() }
    }

    /// By how much it was set since this was asked last, if it was.
    pub(crate) fn since_last(&mut self) -> Option<TimeDelta> {
        self.between(Utc::now(), Instant::now())
    }

    fn between(&mut self, time: DateTime<Utc>, moment: Instant) -> Option<TimeDelta> {
        let passed = moment.saturating_duration_since(self.moment);
        let jump = time - later(self.time, passed);
        (self.time, self.moment) = (time, moment);
        (jump.abs() >= JUMP).then_some(jump)
    }
}

/// The time so much later, or earlier.
pub(crate) fn shifted(time: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    time.checked_add_signed(by).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_noticed_once_and_one_that_goes_on_is_not() {
        let mut jumps = Jumps::new();
        let (time, moment) = (jumps.time, jumps.moment);
        let seconds = TimeDelta::seconds;
        let mut at =
            |wall: i64, steady| jumps.between(time + seconds(wall), moment + Duration::from_secs(steady));
        assert_eq!(at(10, 10), None);
        assert_eq!(at(3_620, 20), Some(seconds(3_600)));
        assert_eq!(at(3_630, 30), None);
        assert_eq!(at(40, 40), Some(seconds(-3_600)));
        // A process that was stopped: both clocks went on.
        assert_eq!(at(9_000, 9_000), None);
    }
}
