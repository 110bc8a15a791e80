//! The events of a consumer that may be called, between the engine, which adds them, and the workers, which call them.
//!
//! Events with one key are a lane: they are called one after the other, in their order. Lanes are called side by side, by as
//! many workers as the consumer has. An event that fails keeps its lane until the engine lets it go, or takes the event
//! out.

use std::task::{Context, Poll, Waker};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

use crate::delivery::call::{Call, GivenUp};
use crate::delivery::jobs::{Job, Jobs, LaneKey, group};
use crate::delivery::next::{Next, Problem};
use crate::journal::Entry;
use crate::sync::{Monitor, MutexGuard};

/// How the call of an event has ended, for the engine.
pub(crate) enum Outcome {
    Delivered(u64),
    Failed(Box<Failed>),
}

/// How a call ended.
pub(crate) enum End {
    Delivered,
    /// It has failed for one of several events, or for all: they are called in halves.
    Halved,
    /// It has failed for its event; or for all of them, whichever they are, and they wait together.
    Failed(Box<Failed>),
}

/// An event that wasn't delivered. It is the first one of its lane, which waits.
pub(crate) struct Failed {
    pub(crate) lane: LaneKey,
    pub(crate) entry: Entry,
    pub(crate) problem: Problem,
    pub(crate) next: Next,
    /// How often it was tried by now, and when first.
    pub(crate) attempts: u32,
    pub(crate) first: DateTime<Utc>,
}

/// What a worker has taken.
pub(crate) struct Taken {
    pub(crate) lane: LaneKey,
    pub(crate) jobs: Vec<Job>,
    /// That of the claim in which they were taken.
    pub(crate) epoch: u64,
    /// Counts how often everything was taken back: what was taken before doesn't count any more.
    round: u64,
}

pub(crate) struct Lanes {
    inner: Monitor<Inner>,
    engine: Waker,
    /// The engine is told when fewer are left.
    low: usize,
}

struct Inner {
    /// Those that aren't called.
    jobs: Jobs,
    running: usize,
    outcomes: Vec<Outcome>,
    /// The call of each worker.
    calls: Vec<Option<Call>>,
    idle: Vec<(usize, Waker)>,
    round: u64,
    /// No call begins after this time.
    allowed_until: Option<Instant>,
    epoch: u64,
    is_paused: bool,
    is_ended: bool,
}

impl Lanes {
    pub(crate) fn new(engine: Waker, low: usize, batch: usize, is_unordered: bool) -> Self {
        let inner = Inner {
            jobs: Jobs::new(batch, is_unordered),
            running: 0,
            outcomes: Vec::new(),
            calls: Vec::new(),
            idle: Vec::new(),
            round: 0,
            epoch: 0,
            allowed_until: None,
            is_paused: false,
            is_ended: false,
        };
        Self { inner: Monitor::new(inner), engine, low }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}

/// What the engine does.
impl Lanes {
    /// Each before the later events of its lane.
    pub(crate) fn add(&self, jobs: impl IntoIterator<Item = (LaneKey, Job)>) {
        let mut inner = self.lock();
        for (lane, job) in jobs {
            inner.jobs.add(lane, job);
        }
        inner.wake_workers();
    }

    /// Lets an event be called again that has failed, with what has become of it.
    pub(crate) fn let_go(&self, lane: LaneKey, seq: u64, change: impl FnOnce(&mut Job)) {
        let mut inner = self.lock();
        inner.jobs.let_go(lane, seq, change);
        inner.wake_workers();
    }

    /// Takes out an event that has failed, or one that wasn't called yet, and lets its lane go on.
    pub(crate) fn remove(&self, seq: u64) {
        let mut inner = self.lock();
        inner.jobs.remove(seq);
        inner.wake_workers();
    }

    /// Whether the first event of a lane has failed, and waits.
    pub(crate) fn has_failed(&self, lane: LaneKey) -> bool {
        self.lock().jobs.has_failed(lane)
    }

    /// The event that a lane is to call next.
    pub(crate) fn first(&self, lane: LaneKey) -> Option<Entry> {
        self.lock().jobs.first(lane).cloned()
    }

    /// Whether no other event of its lane comes before it.
    pub(crate) fn is_first(&self, lane: LaneKey, seq: u64) -> bool {
        self.lock().jobs.first(lane).is_some_and(|first| first.seq == seq)
    }

    pub(crate) fn take_outcomes(&self) -> Vec<Outcome> {
        std::mem::take(&mut self.lock().outcomes)
    }

    /// How many events in lanes can be called without the engine.
    pub(crate) fn callable(&self) -> usize {
        self.lock().jobs.callable()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.lock().running > 0
    }

    /// Whether nothing is called, and nothing will be without the engine.
    pub(crate) fn is_quiet(&self) -> bool {
        let inner = self.lock();
        inner.outcomes.is_empty() && !inner.is_busy()
    }

    /// Whether something is called, or is about to be.
    pub(crate) fn is_busy(&self) -> bool {
        self.lock().is_busy()
    }

    /// How many workers have something to do.
    pub(crate) fn wanted_workers(&self) -> usize {
        let inner = self.lock();
        if inner.is_paused || inner.is_ended { 0 } else { inner.running + inner.jobs.ready() }
    }

    /// Makes room for one more worker; gives its number.
    pub(crate) fn add_worker(&self) -> usize {
        let mut inner = self.lock();
        inner.calls.push(None);
        inner.calls.len() - 1
    }

    /// The worker that was added last couldn't be started.
    pub(crate) fn remove_worker(&self) {
        self.lock().calls.pop();
    }

    pub(crate) fn workers(&self) -> usize {
        self.lock().calls.len()
    }

    /// Lets calls that run end, and no other begin.
    pub(crate) fn pause(&self, is_paused: bool) {
        let mut inner = self.lock();
        inner.is_paused = is_paused;
        inner.wake_workers();
    }

    /// Lets calls begin until this time, in the epoch of a claim; always, without one.
    pub(crate) fn allow_until(&self, until: Option<Instant>, epoch: u64) {
        let mut inner = self.lock();
        (inner.allowed_until, inner.epoch) = (until, epoch);
        inner.wake_workers();
    }

    /// Takes everything back. What is called goes on, and its end isn't told.
    pub(crate) fn clear(&self) {
        let mut inner = self.lock();
        inner.round += 1;
        inner.jobs.clear();
        inner.outcomes.clear();
    }

    /// Lets the workers end, after the calls that run.
    pub(crate) fn end(&self) {
        let idle = {
            let mut inner = self.lock();
            inner.is_ended = true;
            std::mem::take(&mut inner.idle)
        };
        for (_, waker) in idle {
            waker.wake();
        }
    }

    /// The calls that run: the seq of the first event of each, and when it began.
    pub(crate) fn calling(&self) -> Vec<(u64, DateTime<Utc>)> {
        let inner = self.lock();
        let mut calling: Vec<_> = inner.calls.iter().flatten().map(Call::began).collect();
        calling.sort_unstable();
        calling
    }

    /// Whether an event is called now.
    pub(crate) fn is_called(&self, seq: u64) -> bool {
        self.lock().calls.iter().flatten().any(|call| call.is_of(seq))
    }

    /// When the first call has taken too long.
    pub(crate) fn deadline(&self) -> Option<DateTime<Utc>> {
        self.lock().calls.iter().flatten().filter_map(Call::deadline).min()
    }

    /// The clock was set.
    pub(crate) fn shift(&self, by: TimeDelta) {
        self.lock().calls.iter_mut().flatten().for_each(|call| call.shift(by));
    }

    /// Gives up calls that have taken too long. A plain function can't be given up: the seq and the start of each such call,
    /// once.
    pub(crate) fn give_up(&self, now: DateTime<Utc>) -> Vec<(u64, DateTime<Utc>)> {
        let mut inner = self.lock();
        let late = inner.calls.iter_mut().flatten().filter(|call| call.is_late(now));
        let (mut wakers, mut plain) = (Vec::new(), Vec::new());
        for call in late {
            match call.give_up(GivenUp::TimedOut) {
                Ok(waker) => wakers.extend(waker),
                Err(began) => plain.push(began),
            }
        }
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
        plain
    }

    /// Lets the future of each call be dropped that has one.
    pub(crate) fn abandon(&self) {
        let mut inner = self.lock();
        let calls = inner.calls.iter_mut().flatten();
        let wakers: Vec<_> =
            calls.filter_map(|call| call.give_up(GivenUp::Abandoned).ok().flatten()).collect();
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// What a worker does.
impl Lanes {
    /// The next events to call. Pending while there is none, and `None` at the end.
    pub(crate) fn poll_take(&self, worker: usize, context: &Context<'_>) -> Poll<Option<Taken>> {
        let mut inner = self.lock();
        if inner.is_ended {
            return Poll::Ready(None);
        }
        let is_late = inner.allowed_until.is_some_and(|until| until <= Instant::now());
        if is_late && inner.jobs.ready() > 0 {
            self.engine.wake_by_ref();
        }
        let before = inner.jobs.callable();
        let taken = if inner.is_paused || is_late { None } else { inner.jobs.take() };
        let Some((lane, jobs)) = taken else {
            inner.idle.retain(|(other, _)| *other != worker);
            inner.idle.push((worker, context.waker().clone()));
            return Poll::Pending;
        };
        inner.running += 1;
        let is_low = before >= self.low && inner.jobs.callable() < self.low;
        let taken = Taken { lane, jobs, epoch: inner.epoch, round: inner.round };
        drop(inner);
        if is_low {
            self.engine.wake_by_ref();
        }
        Poll::Ready(Some(taken))
    }

    pub(crate) fn begin(&self, worker: usize, call: Call) {
        self.lock().calls[worker] = Some(call);
    }

    /// Whether the worker's call is to be dropped.
    pub(crate) fn poll_given_up(&self, worker: usize, context: &Context<'_>) -> Poll<GivenUp> {
        let mut inner = self.lock();
        let call = inner.calls[worker].as_mut().expect("it runs");
        call.poll_given_up(context)
    }

    /// The call of so many of the events has ended. The others weren't called.
    pub(crate) fn finish(&self, worker: usize, taken: Taken, called: usize, end: End) {
        let mut inner = self.lock();
        inner.calls[worker] = None;
        inner.running -= 1;
        let Taken { lane, mut jobs, round, .. } = taken;
        if round != inner.round {
            drop(inner);
            return self.engine.wake_by_ref();
        }
        let is_awaited = jobs[..called].iter().any(|job| job.is_awaited);
        let has_failed = matches!(end, End::Failed(_));
        match end {
            End::Delivered => {
                let delivered = jobs.drain(..called).map(|job| Outcome::Delivered(job.entry.seq));
                inner.outcomes.extend(delivered);
                inner.jobs.put_back(lane, jobs);
            }
            End::Halved => {
                let half = called / 2;
                group(&mut jobs[..half]);
                group(&mut jobs[half..called]);
                inner.jobs.put_back(lane, jobs);
                inner.wake_workers();
            }
            End::Failed(failed) => {
                inner.outcomes.push(Outcome::Failed(failed));
                jobs[0].is_held = true;
                group(&mut jobs[..called]);
                inner.jobs.put_back(lane, jobs);
            }
        }
        let is_last = inner.running == 0 && (!inner.is_busy() || inner.is_ended);
        drop(inner);
        if has_failed || is_last || is_awaited {
            self.engine.wake_by_ref();
        }
    }

    /// The events weren't called, or their call doesn't count.
    pub(crate) fn give_back(&self, worker: usize, taken: Taken) {
        let mut inner = self.lock();
        inner.calls[worker] = None;
        inner.running -= 1;
        if taken.round == inner.round {
            inner.jobs.put_back(taken.lane, taken.jobs);
        }
        drop(inner);
        self.engine.wake_by_ref();
    }
}

impl Inner {
    fn is_busy(&self) -> bool {
        self.running > 0 || self.jobs.ready() > 0 && !self.is_paused
    }

    fn wake_workers(&mut self) {
        if self.is_paused {
            return;
        }
        let many = self.jobs.ready().min(self.idle.len());
        for (_, waker) in self.idle.drain(..many) {
            waker.wake();
        }
    }
}
