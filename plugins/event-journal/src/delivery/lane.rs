//! The calls of a consumer: one event after the other, on a thread of its own or in the plugin's runtime.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use event_core::durable::Delivery;
use event_core::plugin::{Consumer, DeliveryError};
use event_core::{Failure, WeakApp};

use crate::delivery::clock::Clock;
use crate::journal::Entry;

/// Events that are to be called.
pub(crate) struct Work {
    pub(crate) entries: VecDeque<Entry>,
    /// Of the first event: how often it was tried, and when first.
    pub(crate) attempts: u32,
    pub(crate) first_attempt: Option<DateTime<Utc>>,
}

/// How far a lane has got: read by the engine while it runs.
#[derive(Default)]
pub(crate) struct Progress {
    /// The seq of the last event that was delivered.
    delivered: AtomicU64,
    /// The seq of the event that is called; 0 between calls.
    calling: AtomicU64,
    stop: AtomicBool,
}

impl Progress {
    pub(crate) fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Acquire)
    }

    pub(crate) fn calling(&self) -> Option<u64> {
        Some(self.calling.load(Ordering::Acquire)).filter(|seq| *seq > 0)
    }

    /// Lets the lane end after its present call.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }
}

/// How the work on some events ended.
pub(crate) enum Ended {
    /// All are delivered.
    All,
    /// It was told to stop; these are left.
    Stopped(VecDeque<Entry>),
    /// The first of these isn't delivered.
    Failed(Problem, VecDeque<Entry>),
}

/// Why an event isn't delivered.
pub(crate) enum Problem {
    Failed(Failure),
    TimedOut(Duration),
    /// It can't be read as the type that the implementation takes.
    Undecodable(String),
    /// The program knows an older version of it.
    Newer {
        found: u32,
        known: u32,
    },
    /// The implementation couldn't be called.
    NotCalled(String),
}

/// Calls a consumer, and waits for a call no longer than it may take.
pub(crate) struct Lane {
    pub(crate) consumer: Consumer,
    pub(crate) app: WeakApp,
    pub(crate) clock: Clock,
    pub(crate) timeout: Option<Duration>,
}

impl Lane {
    /// `limit` waits for a future, no longer than so long.
    pub(crate) async fn run<L: Limit>(&self, limit: &L, work: Work, progress: &Arc<Progress>) -> Ended {
        let Work { mut entries, mut attempts, mut first_attempt } = work;
        while let Some(entry) = entries.front() {
            if progress.stop.load(Ordering::Acquire) {
                return Ended::Stopped(entries);
            }
            let first = first_attempt.take().unwrap_or_else(|| self.clock.now());
            let delivery = Delivery::new(self.consumer.name(), std::mem::take(&mut attempts) + 1, first);
            progress.calling.store(entry.seq, Ordering::Release);
            let called = self.call(limit, entry, &delivery).await;
            progress.calling.store(0, Ordering::Release);
            match called {
                Ok(()) => progress.delivered.store(entry.seq, Ordering::Release),
                Err(problem) => return Ended::Failed(problem, entries),
            }
            entries.pop_front();
        }
        Ended::All
    }

    async fn call<L: Limit>(&self, limit: &L, entry: &Entry, delivery: &Delivery) -> Result<(), Problem> {
        let record = entry.event.as_ref().map_err(|odd| Problem::Undecodable(odd.reason.clone()))?;
        let Some(app) = self.app.upgrade() else {
            return Err(Problem::NotCalled("the app has ended".to_owned()));
        };
        let known = self.consumer.version(&app, &record.name);
        if let Some(known) = known.filter(|known| *known < record.version) {
            return Err(Problem::Newer { found: record.version, known });
        }
        let event = self.consumer.decode(record.clone()).map_err(|error| {
            Problem::Undecodable(format!("its properties can't be read as the event's type: {error}"))
        })?;
        let timeout = self.timeout.filter(|_| self.consumer.implementation().is_async());
        let call = self.consumer.call(&app, &*event, delivery);
        let called = match timeout {
            Some(timeout) => limit.within(timeout, call).await.ok_or(Problem::TimedOut(timeout))?,
            None => call.await,
        };
        called.map_err(|error| match error {
            DeliveryError::Failed(failure) => Problem::Failed(failure),
            error => Problem::NotCalled(event_core::plugin::error_line(&error)),
        })
    }
}

/// How a future is given up that takes too long.
pub(crate) trait Limit: Sync {
    fn within<T: Send>(
        &self,
        timeout: Duration,
        future: impl Future<Output = T> + Send,
    ) -> impl Future<Output = Option<T>> + Send;
}
