//! The events of a consumer that wait in lanes: which can be called now, which come together in a call, and where they are put back.
//!
//! A consumer with a batch gets several events of a lane in one call, or of several lanes where each event is a lane of its own.
//! If the call fails, they are put back as two groups. Those of a group are called together and with no others, until the event
//! that fails is called alone.

use std::collections::{HashMap, VecDeque};
use std::iter;

use chrono::{DateTime, Utc};

use crate::journal::Entry;

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
    /// Those of one group are called together, and with no others: their call has failed before, or may be what the process dies
    /// of. The seq of its first event. Events without one are new, and are called with others as they come.
    pub(crate) group: Option<u64>,
}

pub(crate) struct Jobs {
    lanes: HashMap<LaneKey, Lane>,
    /// The lanes whose first event can be called now.
    ready: VecDeque<LaneKey>,
    /// How many events are in the lanes, without those that are called.
    waiting: usize,
    /// Of those, how many are behind one that has failed.
    stuck: usize,
    /// How many events are called together at most.
    batch: usize,
    /// Whether each event is a lane of its own.
    is_unordered: bool,
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

impl Lane {
    /// Before later events.
    fn insert(&mut self, job: Job) {
        let place = self.jobs.partition_point(|other| other.entry.seq < job.entry.seq);
        self.jobs.insert(place, job);
    }
}

/// From now on these are called together.
pub(crate) fn group(jobs: &mut [Job]) {
    let first = jobs[0].entry.seq;
    for job in jobs {
        job.group = Some(first);
    }
}

impl Jobs {
    pub(crate) fn new(batch: usize, is_unordered: bool) -> Self {
        let (lanes, ready) = (HashMap::new(), VecDeque::new());
        Self { lanes, ready, waiting: 0, stuck: 0, batch, is_unordered }
    }

    /// How many events can be called without the engine.
    pub(crate) fn callable(&self) -> usize {
        self.waiting - self.stuck
    }

    /// How many lanes can be called now.
    pub(crate) fn ready(&self) -> usize {
        self.ready.len()
    }

    pub(crate) fn has_failed(&self, lane: LaneKey) -> bool {
        self.lanes.get(&lane).is_some_and(|lane| lane.state == LaneState::Held)
    }

    pub(crate) fn first(&self, lane: LaneKey) -> Option<&Entry> {
        self.lanes.get(&lane)?.jobs.front().map(|job| &job.entry)
    }

    pub(crate) fn clear(&mut self) {
        self.lanes.clear();
        self.ready.clear();
        (self.waiting, self.stuck) = (0, 0);
    }

    pub(crate) fn let_go(&mut self, lane: LaneKey, seq: u64, change: impl FnOnce(&mut Job)) {
        let of_key = self.lanes.get_mut(&lane);
        if let Some(job) = of_key.and_then(|it| it.jobs.iter_mut().find(|job| job.entry.seq == seq)) {
            job.is_held = false;
            change(job);
            self.update(lane);
        }
    }

    pub(crate) fn remove(&mut self, seq: u64) {
        let found = self.lanes.iter().find_map(|(key, lane)| {
            let place = lane.jobs.binary_search_by_key(&seq, |job| job.entry.seq).ok()?;
            Some((*key, place))
        });
        let Some((key, place)) = found else { return };
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.jobs.remove(place);
        }
        self.waiting -= 1;
        self.update(key);
    }

    /// Adds an event before the later ones of its lane.
    pub(crate) fn add(&mut self, key: LaneKey, job: Job) {
        self.lanes.entry(key).or_default().insert(job);
        self.waiting += 1;
        self.update(key);
    }

    /// Takes those of the first events of a ready lane that are called together, and gives the lane.
    pub(crate) fn take(&mut self) -> Option<(LaneKey, Vec<Job>)> {
        let mut key = self.ready.pop_front()?;
        let lane = self.lanes.get_mut(&key).expect("a ready lane is there");
        lane.state = LaneState::Busy;
        let first = lane.jobs.pop_front().expect("a ready lane has an event");
        let group = first.group;
        let mut jobs = vec![first];
        while jobs.len() < self.batch
            && let Some(next) = pop_if(&mut lane.jobs, |next| next.group == group && !next.is_held)
        {
            jobs.push(next);
        }
        if self.is_unordered && group.is_none() {
            self.free(key);
            while jobs.len() < self.batch
                && let Some(next) = self.take_new_lane()
            {
                jobs.push(next);
            }
            jobs.sort_unstable_by_key(|job| job.entry.seq);
            key = jobs[0].entry.seq;
        }
        self.waiting -= jobs.len();
        Some((key, jobs))
    }

    /// Takes the event of the next ready lane, if it is new, with the lane.
    fn take_new_lane(&mut self) -> Option<Job> {
        let key = *self.ready.front()?;
        let lane = self.lanes.get_mut(&key).expect("a ready lane is there");
        let job = pop_if(&mut lane.jobs, |job| job.group.is_none() && !job.is_held)?;
        self.ready.pop_front();
        lane.state = LaneState::Free;
        self.update(key);
        Some(job)
    }

    /// Puts events back that were taken from a lane; without an order, those of a group in one lane, and before the others.
    pub(crate) fn put_back(&mut self, key: LaneKey, jobs: Vec<Job>) {
        if !self.is_unordered {
            return self.put_in_lane(key, jobs);
        }
        self.free(key);
        let ready = self.ready.len();
        let mut jobs = jobs.into_iter().peekable();
        while let Some(first) = jobs.next() {
            let (key, group) = (first.entry.seq, first.group);
            let of_group = |next: &Job| group.is_some() && next.group == group;
            let together = iter::once(first).chain(iter::from_fn(|| jobs.next_if(of_group))).collect();
            self.put_in_lane(key, together);
        }
        self.ready.rotate_right(self.ready.len() - ready);
    }

    fn put_in_lane(&mut self, key: LaneKey, jobs: Vec<Job>) {
        self.waiting += jobs.len();
        let lane = self.lanes.entry(key).or_default();
        for job in jobs.into_iter().rev() {
            lane.insert(job);
        }
        self.free(key);
    }

    /// No event of the lane is called any more.
    fn free(&mut self, key: LaneKey) {
        if let Some(lane) = self.lanes.get_mut(&key)
            && lane.state == LaneState::Busy
        {
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
}

fn pop_if(jobs: &mut VecDeque<Job>, condition: impl FnOnce(&Job) -> bool) -> Option<Job> {
    jobs.front().is_some_and(condition).then(|| jobs.pop_front()).flatten()
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;
    use crate::journal::Unreadable;

    fn job(seq: u64) -> Job {
        let (id, name) = (seq.to_string(), "odd".to_owned());
        let entry = Entry { seq, event: Err(Unreadable { id, name, reason: "it is a test".to_owned() }) };
        Job { entry, attempts: 0, first_attempt: None, is_awaited: false, is_held: false, group: None }
    }

    fn seqs(jobs: &[Job]) -> Vec<u64> {
        jobs.iter().map(|job| job.entry.seq).collect()
    }

    #[test]
    fn without_an_order_a_batch_is_a_lane_by_its_first_event_in_whichever_order_its_events_came() {
        let mut jobs = Jobs::new(3, true);
        for seq in [5, 7, 2, 9] {
            jobs.add(seq, job(seq));
        }
        let (lane, mut taken) = jobs.take().expect("they are ready");
        assert_eq!((lane, seqs(&taken)), (2, vec![2, 5, 7]));
        taken[0].is_held = true;
        group(&mut taken);
        jobs.put_back(lane, taken);
        assert_eq!((jobs.has_failed(2), jobs.callable(), jobs.ready()), (true, 1, 1));
        jobs.remove(5);
        jobs.let_go(2, 2, |_| ());
        let mut calls: Vec<_> = iter::from_fn(|| jobs.take()).map(|(_, taken)| seqs(&taken)).collect();
        calls.sort();
        assert_eq!(calls, [vec![2, 7], vec![9]]);
    }

    #[test]
    fn an_event_that_comes_into_the_middle_of_a_group_is_called_alone() {
        let mut jobs = Jobs::new(9, false);
        for seq in [1, 2, 4, 5] {
            jobs.add(0, job(seq));
        }
        let (lane, mut taken) = jobs.take().expect("they are ready");
        group(&mut taken);
        jobs.put_back(lane, taken);
        jobs.add(0, Job { group: Some(3), ..job(3) });
        let mut calls = Vec::new();
        while let Some((lane, taken)) = jobs.take() {
            calls.push(seqs(&taken));
            jobs.put_back(lane, Vec::new());
        }
        assert_eq!(calls, [vec![1, 2], vec![3], vec![4, 5]]);
    }
}
