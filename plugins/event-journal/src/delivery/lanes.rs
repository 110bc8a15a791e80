//! The events of a consumer that may be called, between the engine, which adds them, and the workers, which call them.
//!
//! Events with one key are a lane: they are called one after the other, in their order. Lanes are called side by side, by as
//! many workers as the consumer has. An event that fails keeps its lane until the engine lets it go, or takes the event
//! out.

use std::collections::{HashMap, VecDeque};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

use crate::delivery::call::{Call, GivenUp};
use crate::delivery::next::{Next, Problem};
use crate::journal::Entry;
use crate::sync::{Monitor, MutexGuard};

/// Which events are called one after the other: those with the same key.
pub(crate) type LaneKey = u64;

/// An event that is to be called.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) entry: Entry,
    /// How often it has failed, and when it was tried first.
    pub(crate) attempts: u32,
    pub(crate) first_attempt: Option<DateTime<Utc>>,
    /// Whether the engine is told at once when its call has ended.
    pub(crate) is_awaited: bool,
    /// Whether it has failed and waits, and with it its lane, until it is let go.
    pub(crate) is_held: bool,
}

/// How the call of an event ended.
pub(crate) enum Outcome {
    Delivered(u64),
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
    pub(crate) job: Job,
    /// Counts how often everything was taken back: what was taken before doesn't count any more.
    round: u64,
}

pub(crate) struct Lanes {
    inner: Monitor<Inner>,
    engine: Waker,
    /// The engine is told when fewer are left.
    low: usize,
}

#[derive(Default)]
struct Inner {
    lanes: HashMap<LaneKey, Lane>,
    /// The lanes whose first event can be called now.
    ready: VecDeque<LaneKey>,
    /// How many events are in the lanes, without those that are called.
    waiting: usize,
    /// Of those, how many are behind one that has failed.
    stuck: usize,
    running: usize,
    outcomes: Vec<Outcome>,
    /// The call of each worker.
    calls: Vec<Option<Call>>,
    idle: Vec<(usize, Waker)>,
    round: u64,
    /// No call begins after this time.
    allowed_until: Option<Instant>,
    is_paused: bool,
    is_ended: bool,
}

#[derive(Default)]
struct Lane {
    jobs: VecDeque<Job>,
    state: LaneState,
    /// How many of its events are counted as stuck.
    stuck: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum LaneState {
    /// It is new, or its last event was taken.
    #[default]
    Free,
    /// Its first event can be called.
    Ready,
    /// An event of it is called.
    Busy,
    /// Its first event waits.
    Held,
}

impl Lanes {
    pub(crate) fn new(engine: Waker, low: usize) -> Self {
        Self { inner: Monitor::default(), engine, low }
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
            inner.add(lane, job);
        }
        inner.wake_workers();
    }

    /// Lets an event be called again that has failed, with what has become of it.
    pub(crate) fn let_go(&self, lane: LaneKey, seq: u64, change: impl FnOnce(&mut Job)) {
        let mut inner = self.lock();
        let of_key = inner.lanes.get_mut(&lane);
        if let Some(job) = of_key.and_then(|it| it.jobs.iter_mut().find(|job| job.entry.seq == seq)) {
            job.is_held = false;
            change(job);
            inner.update(lane);
            inner.wake_workers();
        }
    }

    /// Takes out an event that has failed, or one that wasn't called yet, and lets its lane go on.
    pub(crate) fn remove(&self, seq: u64) {
        let mut inner = self.lock();
        let found = inner.lanes.iter().find_map(|(key, lane)| {
            let place = lane.jobs.binary_search_by_key(&seq, |job| job.entry.seq).ok()?;
            Some((*key, place))
        });
        let Some((key, place)) = found else { return };
        if let Some(lane) = inner.lanes.get_mut(&key) {
            lane.jobs.remove(place);
        }
        inner.waiting -= 1;
        inner.update(key);
        inner.wake_workers();
    }

    /// Whether the first event of a lane has failed, and waits.
    pub(crate) fn has_failed(&self, lane: LaneKey) -> bool {
        self.lock().lanes.get(&lane).is_some_and(|lane| lane.state == LaneState::Held)
    }

    /// The event that a lane is to call next.
    pub(crate) fn first(&self, lane: LaneKey) -> Option<Entry> {
        let inner = self.lock();
        inner.lanes.get(&lane)?.jobs.front().map(|job| job.entry.clone())
    }

    /// Whether no other event of its lane comes before it.
    pub(crate) fn is_first(&self, lane: LaneKey, seq: u64) -> bool {
        let inner = self.lock();
        let first = inner.lanes.get(&lane).and_then(|lane| lane.jobs.front());
        first.is_some_and(|job| job.entry.seq == seq)
    }

    pub(crate) fn take_outcomes(&self) -> Vec<Outcome> {
        std::mem::take(&mut self.lock().outcomes)
    }

    /// How many events in lanes can be called without the engine.
    pub(crate) fn callable(&self) -> usize {
        let inner = self.lock();
        inner.waiting - inner.stuck
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
        if inner.is_paused || inner.is_ended { 0 } else { inner.running + inner.ready.len() }
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

    /// Lets calls begin until this time; always, without one.
    pub(crate) fn allow_until(&self, until: Option<Instant>) {
        let mut inner = self.lock();
        inner.allowed_until = until;
        inner.wake_workers();
    }

    /// Takes everything back. What is called goes on, and its end isn't told.
    pub(crate) fn clear(&self) {
        let mut inner = self.lock();
        inner.round += 1;
        inner.lanes.clear();
        inner.ready.clear();
        inner.outcomes.clear();
        (inner.waiting, inner.stuck) = (0, 0);
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

    /// The calls that run: the seq of each event, and when its call began.
    pub(crate) fn calling(&self) -> Vec<(u64, DateTime<Utc>)> {
        let inner = self.lock();
        let mut calling: Vec<_> = inner.calls.iter().flatten().map(Call::began).collect();
        calling.sort_unstable();
        calling
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
    /// The next event to call. Pending while there is none, and `None` at the end.
    pub(crate) fn poll_take(&self, worker: usize, context: &Context<'_>) -> Poll<Option<Taken>> {
        let mut inner = self.lock();
        if inner.is_ended {
            return Poll::Ready(None);
        }
        let is_late = inner.allowed_until.is_some_and(|until| until <= Instant::now());
        if is_late && !inner.ready.is_empty() {
            self.engine.wake_by_ref();
        }
        let lane = if inner.is_paused || is_late { None } else { inner.ready.pop_front() };
        let Some(lane) = lane else {
            inner.idle.retain(|(other, _)| *other != worker);
            inner.idle.push((worker, context.waker().clone()));
            return Poll::Pending;
        };
        let of_key = inner.lanes.get_mut(&lane).expect("a ready lane is there");
        of_key.state = LaneState::Busy;
        let job = of_key.jobs.pop_front().expect("a ready lane has an event");
        inner.waiting -= 1;
        inner.running += 1;
        let taken = Taken { lane, job, round: inner.round };
        let is_low = inner.waiting - inner.stuck == self.low;
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

    /// The call has ended: with the event delivered, or not.
    pub(crate) fn finish(&self, worker: usize, taken: Taken, failed: Option<Failed>) {
        let mut inner = self.lock();
        inner.calls[worker] = None;
        inner.running -= 1;
        let Taken { lane, job, round } = taken;
        if round != inner.round {
            drop(inner);
            return self.engine.wake_by_ref();
        }
        let (has_failed, is_awaited) = (failed.is_some(), job.is_awaited);
        match failed {
            None => {
                inner.outcomes.push(Outcome::Delivered(job.entry.seq));
                inner.free(lane);
            }
            Some(failed) => {
                inner.outcomes.push(Outcome::Failed(Box::new(failed)));
                inner.put_back(lane, Job { is_held: true, ..job });
            }
        }
        let is_last = inner.running == 0 && (!inner.is_busy() || inner.is_ended);
        drop(inner);
        if has_failed || is_last || is_awaited {
            self.engine.wake_by_ref();
        }
    }

    /// The event wasn't called, or its call doesn't count.
    pub(crate) fn give_back(&self, worker: usize, taken: Taken) {
        let mut inner = self.lock();
        inner.calls[worker] = None;
        inner.running -= 1;
        if taken.round == inner.round {
            inner.put_back(taken.lane, taken.job);
        }
        drop(inner);
        self.engine.wake_by_ref();
    }
}

impl Inner {
    fn is_busy(&self) -> bool {
        self.running > 0 || !self.ready.is_empty() && !self.is_paused
    }

    fn add(&mut self, key: LaneKey, job: Job) {
        let jobs = &mut self.lanes.entry(key).or_default().jobs;
        let place = jobs.partition_point(|other| other.entry.seq < job.entry.seq);
        jobs.insert(place, job);
        self.waiting += 1;
        self.update(key);
    }

    fn put_back(&mut self, key: LaneKey, job: Job) {
        self.lanes.entry(key).or_default().jobs.push_front(job);
        self.waiting += 1;
        self.free(key);
    }

    /// No event of the lane is called any more.
    fn free(&mut self, key: LaneKey) {
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.state = LaneState::Free;
        }
        self.update(key);
    }

    /// What may follow from the lane's first event.
    fn update(&mut self, key: LaneKey) {
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        let state = match (lane.state, lane.jobs.front()) {
            (LaneState::Busy, _) => LaneState::Busy,
            (_, None) => LaneState::Free,
            (_, Some(job)) if job.is_held => LaneState::Held,
            (_, Some(_)) => LaneState::Ready,
        };
        let before = std::mem::replace(&mut lane.state, state);
        let stuck = if state == LaneState::Held { lane.jobs.len() } else { 0 };
        self.stuck = self.stuck - std::mem::replace(&mut lane.stuck, stuck) + stuck;
        match (before, state) {
            (_, LaneState::Free) => drop(self.lanes.remove(&key)),
            (LaneState::Ready, LaneState::Ready) => {}
            (_, LaneState::Ready) => self.ready.push_back(key),
            (LaneState::Ready, _) => self.ready.retain(|ready| *ready != key),
            _ => {}
        }
    }

    fn wake_workers(&mut self) {
        if self.is_paused {
            return;
        }
        let many = self.ready.len().min(self.idle.len());
        for (_, waker) in self.idle.drain(..many) {
            waker.wake();
        }
    }
}
