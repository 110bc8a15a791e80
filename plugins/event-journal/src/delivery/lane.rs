//! The calls of a consumer: one event after the other, on a thread of its own or in the plugin's runtime.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use chrono::{DateTime, Utc};
use event_core::durable::Delivery;
use event_core::plugin::{AnyTracked, Consumer, DeliveryError, error_line, report};
use event_core::{App, WeakApp};

use crate::delivery::clock::{Clock, later};
use crate::delivery::guarded::{discard, guarded};
use crate::delivery::next::{Next, Problem};
use crate::journal::Entry;
use crate::settings::Tries;

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
    stop: AtomicBool,
    call: Mutex<Option<Call>>,
}

/// The call that runs.
struct Call {
    seq: u64,
    began: DateTime<Utc>,
    deadline: Option<DateTime<Utc>>,
    /// Why it is dropped, if it is.
    given_up: Option<GivenUp>,
    waker: Option<Waker>,
}

#[derive(Clone, Copy)]
enum GivenUp {
    TimedOut,
    /// At the app's end.
    Abandoned,
}

impl Progress {
    pub(crate) fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Acquire)
    }

    /// The seq of the event that is called.
    pub(crate) fn calling(&self) -> Option<u64> {
        self.call().as_ref().map(|call| call.seq)
    }

    /// When its call began.
    pub(crate) fn began(&self) -> Option<DateTime<Utc>> {
        self.call().as_ref().map(|call| call.began)
    }

    /// When it is given up.
    pub(crate) fn deadline(&self) -> Option<DateTime<Utc>> {
        self.call().as_ref().filter(|call| call.given_up.is_none())?.deadline
    }

    /// Gives up the call if its deadline has passed.
    pub(crate) fn give_up(&self, now: DateTime<Utc>) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.drop_call(GivenUp::TimedOut);
        }
    }

    /// Lets the future of the call be dropped, if it has one.
    pub(crate) fn abandon(&self) {
        self.drop_call(GivenUp::Abandoned);
    }

    fn drop_call(&self, why: GivenUp) {
        let waker = self.call().as_mut().and_then(|call| {
            call.given_up = Some(why);
            call.waker.take()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Lets the lane end after its present call.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    fn begin(&self, seq: u64, began: DateTime<Utc>, deadline: Option<DateTime<Utc>>) {
        *self.call() = Some(Call { seq, began, deadline, given_up: None, waker: None });
    }

    fn end(&self) {
        *self.call() = None;
    }

    /// The output of a call, unless it is given up before.
    async fn unless_given_up<F: Future>(&self, call: F) -> Result<F::Output, GivenUp> {
        let mut call = Box::pin(call);
        let output = poll_fn(|context| match call.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => self.poll_given_up(context).map(Err),
        })
        .await;
        // The future is the application's.
        discard(call);
        output
    }

    fn poll_given_up(&self, context: &Context<'_>) -> Poll<GivenUp> {
        let mut call = self.call();
        let call = call.as_mut().expect("it runs");
        if let Some(why) = call.given_up {
            return Poll::Ready(why);
        }
        call.waker = Some(context.waker().clone());
        Poll::Pending
    }

    fn call(&self) -> MutexGuard<'_, Option<Call>> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the work on some events ended.
pub(crate) enum Ended {
    /// All are delivered.
    All,
    /// It was told to stop; these are left.
    Stopped(VecDeque<Entry>),
    /// The first of these isn't delivered.
    Failed(Failed, VecDeque<Entry>),
    /// Our own code panicked, with this message.
    Panicked(String),
}

/// An event that wasn't delivered.
pub(crate) struct Failed {
    pub(crate) problem: Problem,
    pub(crate) next: Next,
    /// How often it was tried by now, and when first.
    pub(crate) attempts: u32,
    pub(crate) first: DateTime<Utc>,
}

/// Calls a consumer.
pub(crate) struct Lane {
    pub(crate) consumer: Consumer,
    pub(crate) app: WeakApp,
    pub(crate) clock: Clock,
    pub(crate) tries: Tries,
}

impl Lane {
    pub(crate) async fn run(&self, work: Work, progress: &Arc<Progress>) -> Ended {
        let Work { mut entries, mut attempts, mut first_attempt } = work;
        while let Some(entry) = entries.front() {
            if progress.stop.load(Ordering::Acquire) {
                return Ended::Stopped(entries);
            }
            let Some(app) = self.app.upgrade() else { return Ended::Stopped(entries) };
            let now = self.clock.now();
            let attempt = std::mem::take(&mut attempts) + 1;
            let first = first_attempt.take().unwrap_or(now);
            let timeout = self.tries.timeout.filter(|_| self.consumer.implementation().is_async());
            progress.begin(entry.seq, now, timeout.map(|timeout| later(now, timeout)));
            let delivery = Delivery::new(self.consumer.name(), attempt, first);
            let called = self.call(&app, entry, &delivery, progress).await;
            progress.end();
            if let Err(Problem::Abandoned) = called {
                return Ended::Stopped(entries);
            }
            if let Err(problem) = called {
                let next = Next::after(&problem, &self.tries, attempt, first, self.clock.now());
                if attempt == 1 || matches!(next, Next::Bury) {
                    self.report(&app, entry, &problem);
                }
                return Ended::Failed(Failed { problem, next, attempts: attempt, first }, entries);
            }
            progress.delivered.store(entry.seq, Ordering::Release);
            entries.pop_front();
        }
        Ended::All
    }

    async fn call(
        &self,
        app: &App,
        entry: &Entry,
        delivery: &Delivery,
        progress: &Progress,
    ) -> Result<(), Problem> {
        let event = self.read(app, entry)?;
        let call = self.consumer.call(app, &*event, delivery);
        let called = if self.consumer.implementation().is_async() {
            progress.unless_given_up(call).await
        } else {
            Ok(call.await)
        };
        discard(event);
        let called = called.map_err(|why| match why {
            GivenUp::TimedOut => Problem::TimedOut(self.tries.timeout.unwrap_or_default()),
            GivenUp::Abandoned => Problem::Abandoned,
        })?;
        called.map_err(|error| match error {
            DeliveryError::Failed(failure) => Problem::Failed(failure),
            error => Problem::NotCalled(error_line(&error)),
        })
    }

    /// The event, as the type that the implementation takes.
    fn read(&self, app: &App, entry: &Entry) -> Result<Arc<dyn AnyTracked>, Problem> {
        let record = entry.event.as_ref().map_err(|odd| Problem::Undecodable(odd.reason.clone()))?;
        let known = self.consumer.version(app, &record.name);
        if let Some(known) = known.filter(|known| *known < record.version) {
            return Err(Problem::Newer { found: record.version, known });
        }
        let decoded = guarded(|| {
            self.consumer.decode(record.clone()).map_err(|error| {
                format!("its properties can't be read as the event's type: {}", error_line(&error))
            })
        });
        decoded.map_err(Problem::Panicked)?.map_err(Problem::Undecodable)
    }

    /// The failure handler is the application's, so it runs here, and not on the engine's thread.
    fn report(&self, app: &App, entry: &Entry, problem: &Problem) {
        match (problem, &entry.event) {
            (Problem::Failed(failure), _) => report(app, failure),
            (Problem::Newer { .. } | Problem::NotCalled(_) | Problem::Abandoned, _) => {}
            (problem, Ok(event)) => {
                report(app, &self.consumer.failure(&event.name, event.id, problem.to_line()));
            }
            (problem, Err(odd)) => {
                let id = odd.id.parse().unwrap_or_default();
                report(app, &self.consumer.failure(&odd.name, id, problem.to_line()));
            }
        }
    }
}
