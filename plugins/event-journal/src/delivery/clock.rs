//! The time by which events are tried again: the system's, or one that a test moves.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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
